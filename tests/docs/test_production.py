"""The production page: its nginx site carries bytes, its backup can be restored, its unit and figures are right."""

import contextlib
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from filegraph.cli.late_commands import AUTHZ_COMMANDS, SERVER_COMMANDS
from filegraph.environment import Environment, variable
from tests.components.api import Api, become_administrator, get, put
from tests.components.nginx import SITE, Nginx, NginxMissing, reverse_proxy
from tests.components.postgresql import find_program
from tests.components.production import ENVIRONMENT, documented
from tests.components.server import ROOT, Server, free_port, new_database, new_server, serving

UNIT = ROOT / "deploy" / "filegraph@.service"
PAGE = (ROOT / "docs" / "production.md").read_text()
CONTENT = os.urandom(9_000_000)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def behind_nginx() -> Iterator[tuple[Server, Nginx]]:
    """A server behind the page's own site; only addresses and TLS are changed."""
    port = free_port()
    with contextlib.ExitStack() as stack:
        settings = {"FILEGRAPH_PUBLIC_URL": f"http://127.0.0.1:{port}", "FILEGRAPH_TRUSTED_PROXIES": "127.0.0.1"}
        server = stack.enter_context(serving(settings))
        (site,) = blocks("nginx")
        try:
            proxy = stack.enter_context(reverse_proxy([server.port], port, site=site))
        except NginxMissing as missing:
            # On CI it has to be there; elsewhere the report of the run says what was not tested.
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"!!! THE NGINX SITE IS NOT TESTED: {missing}")
        yield server, proxy


def test_the_nginx_site_carries_bytes_and_logs_no_link(behind_nginx: tuple[Server, Nginx]) -> None:
    server, proxy = behind_nginx
    direct, public = become_administrator(server), proxy.url
    api = Api(public, direct.token)
    upload = api.begin(api.drive(), "big.bin", len(CONTENT))
    url = upload["transport"]["url"]
    assert url.startswith(f"{public}/u/")
    refused = put(url[:-2], CONTENT)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "INVALID_TOKEN")
    assert put(url, CONTENT).status_code == 204
    link = api.link(api.finalize(upload["id"])["id"])
    assert get(link).content == CONTENT
    assert get(link, headers={"range": "bytes=5-9"}).content == CONTENT[5:10]
    log = (proxy.folder / "access.log").read_text()
    assert "/graphql" in log
    assert "/u/" not in log + (proxy.folder / "error.log").read_text()
    assert "/d/" not in log


def test_without_a_process_the_site_answers_as_filegraph_does(behind_nginx: tuple[Server, Nginx]) -> None:
    server, proxy = behind_nginx
    api = Api(proxy.url)
    refused = api.post(content=b" " * 3_000_000)
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (413, "BODY_TOO_LARGE")
    server.stop()
    answer = api.post(json={"query": "{ viewer { actor } }"})
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/json")
    assert answer.json()["errors"][0]["extensions"] == {"code": "SERVICE_UNAVAILABLE", "retryable": True}
    for answer in (put(f"{proxy.url}/u/x", CONTENT), get(f"{proxy.url}/d/x")):
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")


class Echo(BaseHTTPRequestHandler):
    """Takes anything; to /slow it says nothing and hangs up, as a process that is killed in the middle."""

    protocol_version = "HTTP/1.1"
    seen: list[str]

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        type(self).seen.append(f"{self.command} {self.path}")
        if self.path == "/slow":
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_PUT = do_GET  # noqa: N815


@contextlib.contextmanager
def upstream(port: int, seen: list[str]) -> Iterator[None]:
    """Something that listens on the port, until the end of the block; then nobody does, as after a kill."""
    handler = type("Handler", (Echo,), {"seen": seen})
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_a_process_that_is_back_is_asked_at_once_when_the_other_one_is_killed() -> None:
    """Whatever nginx remembers of it: with both taken for dead, everybody would wait until that is forgotten."""
    ports, port = [free_port(), free_port()], free_port()
    try:
        proxy = reverse_proxy(ports, port)
        with proxy as running, httpx.Client(trust_env=False, timeout=10) as client:
            for number in range(4):
                with upstream(ports[number % 2], []):
                    answers = [
                        client.request(method, f"{running.url}{path}", content=b"x").status_code
                        for method, path in [("POST", "/graphql"), ("PUT", "/u/x"), ("POST", "/graphql")] * 4
                    ]
                assert answers == [200] * len(answers), number
    except NginxMissing as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"!!! THE NGINX SITE IS NOT TESTED: {missing}")


def test_what_a_process_may_have_begun_is_not_given_to_another_one() -> None:
    ports, port = [free_port(), free_port()], free_port()
    seen: list[str] = []
    with contextlib.ExitStack() as stack:
        for each in ports:
            stack.enter_context(upstream(each, seen))
        try:
            proxy = stack.enter_context(reverse_proxy(ports, port))
        except NginxMissing as missing:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"!!! THE NGINX SITE IS NOT TESTED: {missing}")
        seen.clear()
        for method, tries in (("POST", 1), ("GET", 2)):
            answer = httpx.request(method, f"{proxy.url}/slow", trust_env=False, timeout=10)
            assert answer.status_code == 503
            assert seen == [f"{method} /slow"] * tries
            seen.clear()


def test_the_backup_can_be_restored(tmp_path: Path) -> None:
    _require("rsync", "sqlite3")
    backup, restore = blocks("sh")
    with _installed(tmp_path / "data", {}) as server:
        _goes_there_and_back(server, backup, restore, tmp_path)


def test_a_backup_that_broke_off_is_told_and_is_never_restored(tmp_path: Path) -> None:
    _require("rsync", "sqlite3")
    backup, restore = blocks("sh")
    with _installed(tmp_path / "data", {}) as server:
        database = server.data_dir / "database.sqlite3"
        wal = server.data_dir / "database.sqlite3-wal"
        assert wal.exists()
        # Nothing to put back: what is there stays as it is.
        (tmp_path / "copy").mkdir()
        assert _run(restore, tmp_path).returncode
        assert wal.exists()
        key = server.data_dir / "secret-key"
        hidden = key.rename(key.with_name("hidden"))
        assert _run(backup, tmp_path).returncode
        hidden.rename(key)
        assert list((tmp_path / "copy").glob("2*")) == []
        assert _run(backup, tmp_path).returncode == 0
        (whole,) = (tmp_path / "copy").glob("2*")
        assert {path.name for path in whole.iterdir()} == {database.name, key.name}


@pytest.mark.postgresql
def test_the_backup_of_postgresql_can_be_restored(tmp_path: Path) -> None:
    _require("rsync")
    programs = {name: find_program(name) for name in ("pg_dump", "pg_restore")}
    backup, restore = blocks("sh")
    (dump,) = re.findall(r"^\| PostgreSQL \| `sqlite3` \| `(pg_dump .*?)` \|$", PAGE, re.MULTILINE)
    (fill,) = re.findall(r"^`(pg_restore .*?)`\.$", PAGE, re.MULTILINE)
    url = new_database(os.environ["FILEGRAPH_TEST_DATABASE_URL"])
    again = new_database(url)
    for name, program in programs.items():
        assert program is not None
        dump, fill = dump.replace(name, program, 1), fill.replace(name, program, 1)
    backup = re.sub(r"^sqlite3 .*$", dump.replace(" filegraph", f" {url}"), backup, flags=re.MULTILINE)
    restore = re.sub(r"^rm .*\n", "", restore, flags=re.MULTILINE).replace("database.sqlite3", "database.dump")
    restore = restore.replace('"$now/database.dump" "$now/secret-key"', '"$now/secret-key"')
    restore += fill.replace("--dbname=filegraph", f"--dbname={again}") + "\n"
    with _installed(tmp_path / "data", {"FILEGRAPH_DATABASE_URL": url}) as server:
        _goes_there_and_back(server, backup, restore, tmp_path, {"FILEGRAPH_DATABASE_URL": again})


@contextlib.contextmanager
def _installed(data_dir: Path, settings: dict[str, str]) -> Iterator[Server]:
    server = new_server(data_dir, settings)
    server.data_dir.mkdir()
    server.set_up()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _goes_there_and_back(
    server: Server, backup: str, restore: str, place: Path, settings: dict[str, str] | None = None
) -> None:
    """Make a backup, lose everything, restore it, and go on, with other ``settings`` where they changed."""
    api = become_administrator(server)
    drive = api.drive()
    first = api.upload(drive, "first.txt", b"first")
    database, copy = backup.split("rsync", 1)
    _succeed(database, place)
    # What happens between the two halves is what the order is about.
    second = api.upload(drive, "second.txt", b"second")
    api.mutate("trash", "results { errors { code } }", ids=[first["id"]])
    api.mutate("purge", "results { errors { code } }", ids=[first["id"]])
    server.command("sweep")
    variables = "".join(re.findall(r"^(?:DATA|now)=.*\n", database, re.MULTILINE))
    _succeed(f"{variables}rsync{copy}", place)
    server.stop()
    shutil.rmtree(server.data_dir)
    _succeed(restore, place)
    server.environment |= settings or {}
    server.set_up()
    server.start()
    assert get(api.link(first["id"])).content == b"first"
    assert api.query("query($id: ID!) { file(id: $id) { id } }", id=second["id"])["file"] is None
    assert get(api.link(api.upload(drive, "third.txt", b"third")["id"])).content == b"third"


def _require(*programs: str) -> None:
    if any(shutil.which(program) is None for program in programs):
        assert os.environ.get("CI") != "true", f"{programs} are needed: scripts/install-components"
        pytest.skip(f"needs {' and '.join(programs)}")


def _succeed(script: str, place: Path) -> None:
    done = _run(script, place)
    assert done.returncode == 0, done.stderr


def _run(script: str, place: Path) -> subprocess.CompletedProcess[str]:
    """Run a script of the page as the page says: by ``sh``, which asks for no more than the script itself does."""
    script = script.replace("/var/lib/filegraph", str(place / "data")).replace("/backup/filegraph", str(place / "copy"))
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60, check=False, cwd=place)


def test_every_line_of_the_log_that_the_page_names_is_written() -> None:
    [table] = re.findall(r"^\| in the log \| means \|\n\|---\|---\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    named = [phrase for row in table.splitlines() for phrase in re.findall(r"`([^`]+)`", row.split("|")[1])]
    written = {
        re.sub(r"%[sd]", "...", message)
        for package in ("filegraph", "schema", "transfer", "storage", "authz")
        for path in (ROOT / package).rglob("*.py")
        for message in re.findall(r'logger\.\w+\(\s*"(.*?)"', path.read_text())
    }
    assert len(named) > 8
    patterns = {phrase: re.compile(re.escape(phrase).replace(r"\.\.\.", ".*")) for phrase in named}
    assert [phrase for phrase, pattern in patterns.items() if not any(map(pattern.search, written))] == []


def test_what_the_page_shows_are_the_files_of_deploy() -> None:
    """Which are what the demonstration and the end-to-end tests run with."""
    shown = [block for language in ("ini", "nginx") for block in blocks(language)]
    assert shown == [path.read_text() for path in (ENVIRONMENT, UNIT, SITE)]


def test_all_settings_of_the_page_are_settings() -> None:
    known = {variable(name) for name in Environment.model_fields}
    assert set(documented()) <= known
    assert set(re.findall(r"FILEGRAPH_[A-Z0-9_]+[A-Z0-9]", PAGE)) <= known


def test_commands_run_as_the_unit_does() -> None:
    """As its user, with its variables, its mask and its program."""
    [command] = re.findall(r"^# (systemd-run .*?)\n```", PAGE, re.MULTILINE | re.DOTALL)
    words = command.replace("\\\n", " ").split()
    options = [word for word in words if word.startswith("--") and "=" in word]
    said = [option.removeprefix("--property=").replace("--uid=", "User=") for option in options]
    unit = UNIT.read_text().splitlines()
    assert len(said) == 3
    assert [line for line in said if line not in unit] == []
    program = next(word for word in words if word.startswith("/"))
    assert f"ExecStartPre={program} setup" in unit


def test_every_command_that_needs_the_installation_is_named() -> None:
    [named] = re.findall(r"^Commands that work on the installation \((.*?)\)", PAGE, re.MULTILINE)
    commands = {*SERVER_COMMANDS, *(f"authz {name}" for name in AUTHZ_COMMANDS)}
    # What runs as a service, and what only prints what every installation has.
    assert set(re.findall(r"`([^`]+)`", named)) == commands - {"serve", "schema", "settings"}


def test_the_unit_is_well_formed(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze")
    (unit,) = [block for block in blocks("ini") if "[Unit]" in block]
    true = shutil.which("true") or "/bin/true"
    path = tmp_path / "filegraph-documented@8000.service"
    path.write_text(re.sub(r"/opt/filegraph/\S+", true, unit).replace("User=filegraph", "User=root"))
    done = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True, timeout=60, check=False)
    complaints = [line for line in done.stderr.splitlines() if path.name in line]
    assert not complaints, "\n".join(complaints)
