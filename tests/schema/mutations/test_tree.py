# Operations are read in one piece.

from __future__ import annotations

import pytest

from schema.ids import Kind, encode
from tests.schema.conftest import Client, World


def test_administrators_make_drives(world: World) -> None:
    payload = world.ann.client.do(
        "createDrive",
        "CreateDriveInput",
        "drive { id name quota used viewerCan { share } }",
        name="Archive",
        quota=str(5 << 40),
    )
    assert payload["drive"]["quota"] == "5497558138880"
    assert payload["drive"]["used"] == "0"
    assert payload["drive"]["viewerCan"] == {"share": True}
    assert world.ann.client.fail("createDrive", "CreateDriveInput", name="Archive") == "NAME_TAKEN"
    assert world.ann.client.fail("createDrive", "CreateDriveInput", name="x", quota=-1) == "INVALID_ARGUMENT"
    assert world.ann.client.fail("createDrive", "CreateDriveInput", name="x", backendId="nope") == "INVALID_ARGUMENT"
    assert world.ann.client.fail("createDrive", "CreateDriveInput", name="x", backendId="\0") == "INVALID_ARGUMENT"
    assert world.ann.client.fail("createDrive", "CreateDriveInput", name="\0") == "INVALID_NAME"
    for client in (world.olga.client, world.stan.client, Client()):
        assert client.fail("createDrive", "CreateDriveInput", name="x") == "PERMISSION_DENIED"


def test_owners_make_folders_and_rename_and_move(world: World) -> None:
    client = world.olga.client
    made = client.do("createFolder", "CreateFolderInput", "folder { id path }", parentId=world.drive_id, name="new")[
        "folder"
    ]
    assert made["path"] == "/new"
    assert client.fail("createFolder", "CreateFolderInput", parentId=world.drive_id, name="new") == "NAME_TAKEN"
    again = client.do(
        "createFolder", "CreateFolderInput", "folder { id }", parentId=world.drive_id, name="new", onConflict="REPLACE"
    )
    assert again["folder"]["id"] == made["id"]
    other = client.do(
        "createFolder", "CreateFolderInput", "folder { name }", parentId=world.drive_id, name="new", onConflict="RENAME"
    )
    assert other["folder"]["name"] != "new"
    renamed = client.do(
        "rename",
        "RenameInput",
        "item { __typename name path ... on File { version } }",
        id=world.file_id,
        name="hi.txt",
    )["item"]
    assert renamed == {"__typename": "File", "name": "hi.txt", "path": "/shared/hi.txt", "version": 1}
    moved = client.do(
        "move", "MoveInput", "item { path parent { ... on Folder { name } } }", id=world.secret_id, parentId=made["id"]
    )["item"]
    assert moved == {"path": "/new/secret.txt", "parent": {"name": "new"}}
    assert client.fail("move", "MoveInput", id=made["id"], parentId=made["id"]) in {"MOVE_INTO_ITSELF", "CONFLICT"}
    assert client.fail("rename", "RenameInput", id=world.file_id, name="a/b") == "INVALID_NAME"


def test_a_viewer_is_denied_and_a_stranger_finds_nothing(world: World) -> None:
    attempts = [
        ("createFolder", "CreateFolderInput", {"parentId": world.shared_id, "name": "x"}),
        ("rename", "RenameInput", {"id": world.file_id, "name": "x"}),
        ("rename", "RenameInput", {"id": world.shared_id, "name": "x"}),
        ("move", "MoveInput", {"id": world.file_id, "parentId": world.shared_id}),
    ]
    for mutation, input_type, given in attempts:
        assert world.vera.client.fail(mutation, input_type, **given) == "PERMISSION_DENIED"
        for client in (world.stan.client, Client()):
            assert client.fail(mutation, input_type, **given) == "NOT_FOUND"


@pytest.mark.parametrize("who", ["vera", "stan"])
def test_the_trash_takes_each_item_for_itself(world: World, who: str) -> None:
    client = world.olga.client
    absent = encode(Kind.FILE, "0" * 26)
    other = getattr(world, who).client
    denied = other.do(
        "trash", "TrashInput", "results { item { id } errors { code path } }", ids=[world.file_id, absent]
    )
    code = "PERMISSION_DENIED" if who == "vera" else "NOT_FOUND"
    assert [result["errors"][0]["code"] for result in denied["results"]] == [code, "NOT_FOUND"]
    ids = [world.file_id, absent, "nonsense", world.drive_id, world.hidden_id]
    done = client.do("trash", "TrashInput", "results { item { id trashedAt } errors { code path } }", ids=ids)[
        "results"
    ]
    assert [result["item"]["id"] if result["item"] else result["errors"][0]["code"] for result in done] == [
        world.file_id, "NOT_FOUND", "NOT_FOUND", "NOT_FOUND", world.hidden_id,
    ]  # fmt: skip
    assert done[0]["item"]["trashedAt"] == "2026-01-31T12:00:00.000000Z"
    listed = client.ask("query($id: ID) { drive(id: $id) { trashed { totalCount nodes { id } } } }", id=world.drive_id)
    assert {node["id"] for node in listed["drive"]["trashed"]["nodes"]} == {world.file_id, world.hidden_id}
    assert other.ask("query($id: ID!) { file(id: $id) { id } }", id=world.file_id)["file"] is None
    back = client.do(
        "restore", "RestoreInput", "results { item { id trashedAt } errors { code } }", ids=[world.file_id]
    )
    assert back["results"] == [{"item": {"id": world.file_id, "trashedAt": None}, "errors": []}]
    gone = client.do(
        "purge", "PurgeInput", "results { purgedId errors { code } }", ids=[world.hidden_id, world.file_id]
    )
    assert gone["results"][0] == {"purgedId": world.hidden_id, "errors": []}
    assert gone["results"][1]["errors"][0]["code"] == "CONFLICT"
    assert client.ask("query($id: ID!) { file(id: $id) { id } }", id=world.secret_id)["file"] is None


@pytest.mark.parametrize(
    ("mutation", "input_type"), [("trash", "TrashInput"), ("restore", "RestoreInput"), ("purge", "PurgeInput")]
)
def test_more_than_100_at_a_time_are_refused(world: World, mutation: str, input_type: str) -> None:
    assert world.olga.client.fail(mutation, input_type, ids=[world.file_id] * 101) == "BAD_USER_INPUT"


def test_what_is_in_the_trash_has_no_link_to_its_bytes(world: World) -> None:
    client = world.olga.client
    query = "query($id: ID!) { file(id: $id) { downloadUrl { url } } }"
    linked = "results { item { ... on File { downloadUrl { url } } } errors { code } }"
    assert client.ask(query, id=world.file_id)["file"]["downloadUrl"]
    trashed = client.do("trash", "TrashInput", linked, ids=[world.file_id, world.shared_id])["results"]
    assert trashed[0] == {"item": {"downloadUrl": None}, "errors": []}
    assert client.ask(query, id=world.file_id) == {"file": {"downloadUrl": None}}
    restored = client.do("restore", "RestoreInput", linked, ids=[world.shared_id, world.file_id])["results"]
    assert restored[1]["item"]["downloadUrl"]
    client.do("trash", "TrashInput", linked, ids=[world.shared_id])
    assert client.ask(query, id=world.file_id) == {"file": {"downloadUrl": None}}, "it lies there with its folder"
