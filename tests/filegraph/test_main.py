import os
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path


def _filegraph(data_dir: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("FILEGRAPH_", "DJANGO_"))}
    environ.update(variables, FILEGRAPH_DATA_DIR=str(data_dir))
    command = [sys.executable, "-m", "filegraph", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)


def test_setup_prepares_and_serve_asks_for_it(tmp_path: Path) -> None:
    place = tmp_path / "data"
    refused = _filegraph(place, "serve")
    assert refused.returncode == 2
    assert "filegraph setup" in refused.stderr
    for _ in range(2):
        done = _filegraph(place, "setup")
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith(f"{sys.executable} -m filegraph serve\n")
    # In front of a server that starts anyway there is nothing to say.
    assert _filegraph(place, "setup", "--quiet").stdout == ""
    assert {path.name for path in place.iterdir()} >= {"database.sqlite3", "objects", "secret-key"}
    # Other machines are let in only by name.
    for host in ("0.0.0.0", "::"):
        refused = _filegraph(place, "serve", "--host", host)
        assert refused.returncode == 2
        assert "FILEGRAPH_ALLOWED_HOSTS" in refused.stderr
        assert "setup_" not in refused.stdout
    # A taken port is told before anything is promised.
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = _filegraph(place, "serve", "--port", port)
    assert refused.returncode == 2
    assert port in refused.stderr
    assert refused.stdout == ""


def test_an_unreachable_database_is_told_in_one_sentence(tmp_path: Path) -> None:
    url = "postgresql://nobody:very-secret@127.0.0.1:1/files"
    for command in ("setup", "serve"):
        done = _filegraph(tmp_path, command, FILEGRAPH_DATABASE_URL=url)
        assert done.returncode == 2
        assert (done.stderr.count("\n"), "FILEGRAPH_DATABASE_URL" in done.stderr) == (1, True), done.stderr
        assert "very-secret" not in done.stderr


def test_wrong_settings_are_told_without_a_traceback(tmp_path: Path) -> None:
    done = _filegraph(tmp_path, "setup", FILEGRAPH_MAX_FILE_SIZE="much", FILEGRAPH_DATABASE_THREADS="0")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 2
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_shadow_that_lacks_permissions_is_refused_at_the_start(tmp_path: Path) -> None:
    assert _filegraph(tmp_path, "setup").returncode == 0
    shadow = {"FILEGRAPH_AUTHZ_SHADOW": "openfga", "FILEGRAPH_OPENFGA_API_URL": "http://127.0.0.1:1"}
    refused = _filegraph(tmp_path, "serve", **shadow)
    assert refused.returncode == 2
    assert refused.stderr.startswith("FILEGRAPH_AUTHZ_SHADOW must be empty until"), refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_command_of_two_words_is_found_and_asks_for_a_prepared_installation(tmp_path: Path) -> None:
    refused = _filegraph(tmp_path, "authz", "audit", FILEGRAPH_SECRET_KEY="k" * 32)
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
    assert _filegraph(tmp_path, "setup").returncode == 0
    done = _filegraph(tmp_path, "authz", "audit")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "There is no such entry.\n")
    assert " audit " in _filegraph(tmp_path, "authz", "--help").stdout


def test_a_client_never_loads_django() -> None:
    code = "import sys, filegraph.cli.app; assert 'django' not in sys.modules; assert 'strawberry' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_version(tmp_path: Path) -> None:
    done = _filegraph(tmp_path, "--version")
    assert (done.returncode, done.stdout) == (0, f"filegraph {version('filegraph')}\n")


def test_help_lists_both_sides(tmp_path: Path) -> None:
    done = _filegraph(tmp_path, "--help")
    assert done.returncode == 0
    for name in ("login", "put", "get", "trash", "setup", "serve", "sweep", "schema", "settings"):
        assert f" {name} " in done.stdout
