from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from filegraph.client.commands import register

if TYPE_CHECKING:
    from tests.filegraph.client.conftest import ScriptedServer


@pytest.fixture
def app() -> typer.Typer:
    application = typer.Typer()
    register(application)
    return application


def test_a_client_imports_no_django() -> None:
    heavy = ("django", "strawberry", "pydantic")
    code = f"import sys, filegraph.client.commands; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (["ls", "work:/"], 3, "not signed in"),
        (["whoami"], 3, "not signed in"),
        (["logout"], 3, "not signed in"),
        (["put", "only"], 2, "destination"),
        (["put", "a", "b"], 2, "not a remote path"),
        (["get", "nocolon", "x"], 2, "not a remote path"),
        (["get"], 2, "Missing argument"),
        (["drive", "create"], 2, "Missing argument 'NAME'"),
        (["token", "revoke"], 2, "Missing argument 'ID'"),
        (["share", "work:/a", "robot:x"], 2, "is nobody"),
        (["share", "work:/a", "bob", "--role", "king"], 2, "king"),
        (["drive", "create", "x", "--quota", "huge"], 2, "not a size"),
        (["put", "a", "work:/b", "--jobs", "0"], 2, "jobs"),
    ],
)
def test_a_fault_is_one_sentence_and_a_code(
    app: typer.Typer, arguments: list[str], exit_code: int, sentence: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    environment = {"XDG_CONFIG_HOME": str(home), "FILEGRAPH_URL": "", "FILEGRAPH_TOKEN": ""}
    result = CliRunner().invoke(app, arguments, env=environment)
    assert result.exit_code == exit_code, result.output
    assert sentence in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nonsense", "ftp://x", "http://"])
def test_no_server(app: typer.Typer, url: str) -> None:
    result = CliRunner().invoke(app, ["login", url, "--username", "ada", "--password-stdin"], input="secret\n")
    assert result.exit_code == 5, result.output
    assert "secret" not in result.output


def test_control_c_ends_a_command_with_130_and_one_sentence(scripted: ScriptedServer, tmp_path: Path) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def answer(_: object) -> tuple[int, bytes]:
        asked.set()
        go_on.wait(20)
        return 404, b""

    scripted.answer = answer
    environment = {
        **os.environ,
        "XDG_CONFIG_HOME": str(tmp_path),
        "FILEGRAPH_URL": scripted.url,
        "FILEGRAPH_TOKEN": "x",
    }
    command = [sys.executable, "-m", "filegraph", "get", "Work:/", str(tmp_path)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert asked.wait(20)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=20)
        finally:
            process.kill()
            go_on.set()
    assert process.returncode == 130
    assert said == "filegraph: Interrupted. Run the same command again to go on where it stopped.\n"
