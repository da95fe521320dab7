"""Signing in where the token cannot be kept. The rest is tried against a real server in ``tests/e2e``."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from filegraph.client.errors import ExitCode
from filegraph.client.login import login

if TYPE_CHECKING:
    from tests.filegraph.client.conftest import ScriptedServer


Asked = list[tuple[str, Any]]


def says_yes(scripted: ScriptedServer) -> Asked:
    """Let every mutation succeed; the names and inputs of those that came."""
    asked: Asked = []

    def answer(request: dict[str, Any]) -> tuple[int, bytes]:
        name = request["query"].partition("{ ")[2].partition("(")[0]
        asked.append((name, request["variables"]["input"]))
        given = {"accessToken": {"id": "token_1"}, "secret": "fg_secret", "csrfToken": "x", "errors": []}
        return 200, json.dumps({"data": {name: given}}).encode()

    scripted.answer = answer
    return asked


@pytest.mark.parametrize("content", ['{"url": "http://127.0.0.1:9", "token": "fg_old", "token_id": "token_0"}', "{"])
def test_a_sign_in_that_cannot_be_ended_does_not_stand_in_the_way_of_another(
    scripted: ScriptedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: str,
) -> None:
    says_yes(scripted)
    kept = tmp_path / "filegraph" / "credentials.json"
    kept.parent.mkdir()
    kept.write_text(content)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr("sys.stdin", io.StringIO("password\n"))
    with pytest.raises(SystemExit) as ended:
        login(scripted.url, username="ada", password_stdin=True)
    assert ended.value.code == ExitCode.OK
    assert json.loads(kept.read_text())["token"] == "fg_secret"
    said = capsys.readouterr().err
    assert ("the server could not be told" in said) is ("token_0" in content)
    assert "fg_" not in said


def test_a_token_that_cannot_be_kept_is_told_in_a_sentence_and_revoked(
    scripted: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = says_yes(scripted)
    taken = tmp_path / "taken"
    taken.write_text("a file, where a folder is needed")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(taken))
    monkeypatch.setattr("sys.stdin", io.StringIO("password\n"))
    with pytest.raises(SystemExit) as ended:
        login(scripted.url, username="ada", password_stdin=True)
    assert ended.value.code == ExitCode.USAGE
    said = capsys.readouterr().err
    assert (said.count("\n"), str(taken) in said, "fg_secret" in said) == (1, True, False), said
    assert ("revokeAccessToken", {"id": "token_1"}) in asked
    assert asked[-1][0] == "signOut"
