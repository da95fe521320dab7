from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from filegraph.client.commands import register

if TYPE_CHECKING:
    from tests.filegraph.client.conftest import ScriptedServer

HOSTILE = ["../escaped", "..", ".", "/etc/escaped", "a/../../escaped", "..\\escaped", "a\x00b", "\x1b[2Jx", ""]
CONTENT = b"content"
DRIVE = {"__typename": "Drive", "id": "drive_1", "name": "d", "createdAt": "", "quota": None, "used": "0"}


def file_node(number: int, name: str) -> dict[str, Any]:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    kind = {"__typename": "File", "id": f"file_{number}", "updatedAt": "", "contentType": "text/plain"}
    return {**kind, "name": name, "size": str(len(CONTENT)), "sha256": sha256}


def serve(scripted: ScriptedServer, nodes: list[dict[str, Any]], content: bytes = CONTENT) -> None:
    """A drive with these children, whose files all have the same bytes."""
    scripted.files["/content"] = content

    def answer(request: dict[str, Any]) -> tuple[int, bytes]:
        query, variables = request["query"], request["variables"]
        data: dict[str, Any] = {"drive": DRIVE}
        if "query Children" in query:
            found = nodes if variables["id"] == "drive_1" else []
            data = {"node": {"children": {"nodes": found, "pageInfo": {"hasNextPage": False, "endCursor": None}}}}
        elif "query DownloadUrls" in query:
            link = {"url": f"{scripted.url}/content"}
            data = {"nodes": [{"id": node_id, "downloadUrl": link} for node_id in variables["ids"]]}
        return 200, json.dumps({"data": data}).encode()

    scripted.answer = answer


def run_get(scripted: ScriptedServer, destination: Path) -> Any:
    app = typer.Typer()
    register(app)
    environment = {
        "FILEGRAPH_URL": scripted.url,
        "FILEGRAPH_TOKEN": "secret",
        "XDG_CONFIG_HOME": str(destination.parent),
    }
    return CliRunner().invoke(app, ["get", "d:/", str(destination)], env=environment)


@pytest.mark.parametrize("kind", ["File", "Folder"])
def test_a_name_from_the_server_never_leaves_the_destination(
    scripted: ScriptedServer, tmp_path: Path, kind: str
) -> None:
    nodes = [{**file_node(number, name), "__typename": kind} for number, name in enumerate(HOSTILE)]
    serve(scripted, [*nodes, file_node(99, "honest")])
    result = run_get(scripted, tmp_path / "deep" / "destination")
    assert result.exit_code == 1
    assert "\x1b" not in result.output
    found = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert found == ["deep/destination/honest"]
    assert (tmp_path / "deep" / "destination" / "honest").read_bytes() == CONTENT


def test_bytes_that_are_not_what_was_promised_get_no_name(scripted: ScriptedServer, tmp_path: Path) -> None:
    serve(scripted, [file_node(1, "a")], content=b"another")
    result = run_get(scripted, tmp_path / "destination")
    assert result.exit_code == 1
    assert not (tmp_path / "destination" / "a").exists()


def test_a_link_that_ends_under_way_is_asked_for_again(scripted: ScriptedServer, tmp_path: Path) -> None:
    serve(scripted, [file_node(1, "a"), file_node(2, "b")])
    scripted.refusal = 403, b'{"error": {"code": "TOKEN_EXPIRED", "message": "ended", "retryable": false}}'
    links, honest = iter(["/old", "/old", "/content"]), scripted.answer

    def answer(request: dict[str, Any]) -> tuple[int, bytes]:
        status, body = honest(request)
        if "query DownloadUrls" in request["query"]:
            body = body.replace(b"/content", next(links, "/content").encode())
        return status, body

    scripted.answer = answer
    assert run_get(scripted, tmp_path / "destination").exit_code == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "destination").iterdir()} == {
        "a": CONTENT,
        "b": CONTENT,
    }


def test_a_link_that_is_never_good_fails_the_item(scripted: ScriptedServer, tmp_path: Path) -> None:
    serve(scripted, [file_node(1, "a")])
    scripted.files.clear()
    scripted.refusal = 403, b'{"error": {"code": "TOKEN_EXPIRED", "message": "It has ended.", "retryable": false}}'
    result = run_get(scripted, tmp_path / "destination")
    assert (result.exit_code, "It has ended." in result.output) == (1, True)


def test_the_access_token_stays_away_from_links(scripted: ScriptedServer, tmp_path: Path) -> None:
    serve(scripted, [file_node(1, "a")])
    assert run_get(scripted, tmp_path / "destination").exit_code == 0
    assert [request["token"] for request in scripted.requests if "path" in request] == [""]
