from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.testing import CliRunner

from filegraph.client.commands import register

if TYPE_CHECKING:
    from tests.filegraph.client.conftest import ScriptedServer

DRIVE = {"__typename": "Drive", "id": "drive_1", "name": "d", "createdAt": "", "quota": None, "used": "0"}
HELD = {"code": "PERMISSION_DENIED", "message": "It is held.", "path": None, "retryable": False}


def test_what_could_only_be_moved_to_the_trash_is_told_to_be_there(scripted: ScriptedServer, tmp_path: Path) -> None:
    """No honest server trashes what it will not purge; a right may be taken back between the two."""

    def answer(request: dict[str, Any]) -> tuple[int, bytes]:
        query, variables = request["query"], request["variables"]
        data: dict[str, Any] = {"drive": DRIVE}
        if "query ItemAt" in query:
            name = variables["path"].strip("/")
            data = {"item": {"__typename": "Folder", "id": f"folder_{name}", "name": name, "updatedAt": ""}}
        elif "mutation" in query:
            name = "purge" if "mutation Purge" in query else "trash"
            ids = variables["input"]["ids"]
            refused = [each == "folder_held" and name == "purge" for each in ids]
            data = {name: {"results": [{"errors": [HELD] if each else []} for each in refused]}}
        return 200, json.dumps({"data": data}).encode()

    scripted.answer = answer
    app = typer.Typer()
    register(app)
    environment = {"FILEGRAPH_URL": scripted.url, "FILEGRAPH_TOKEN": "secret", "XDG_CONFIG_HOME": str(tmp_path)}
    result = CliRunner().invoke(app, ["rm", "--forever", "--yes", "d:/held", "d:/free"], env=environment)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == ["d:/held is in the trash (folder_held).", "d:/free is deleted for good."]
    assert "d:/held: It is held." in result.stderr
    assert "trash restore folder_held\n" in result.stderr
