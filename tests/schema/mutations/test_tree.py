from __future__ import annotations

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
        (error,) = client.do("createDrive", "CreateDriveInput", "__typename", name="x")["errors"]
        assert (error["code"], error["message"]) == (
            "PERMISSION_DENIED",
            "You may not make drives; ask an administrator.",
        )


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
