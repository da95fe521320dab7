"""Every error names the field of the input that it is about. That each is a field of it, ``Client.do`` sees."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Group
from schema.ids import Kind, encode
from storage.models import Drive
from tests.schema.conftest import World

GOOD = "an unlikely sentence 7"
ABSENT = "0" * 26
_KINDS = {
    "finalizeUpload": Kind.UPLOAD,
    "abortUpload": Kind.UPLOAD,
    "revokeAccessToken": Kind.TOKEN,
    "addGroupMember": Kind.GROUP,
}


@pytest.mark.parametrize(
    ("mutation", "given", "code", "path"),
    [
        ("createDrive", {"name": "a/b"}, "INVALID_NAME", "name"),
        ("createDrive", {"name": "Team"}, "NAME_TAKEN", "name"),
        ("createDrive", {"name": "x", "quota": -1}, "INVALID_ARGUMENT", "quota"),
        ("createFolder", {"parentId": "drive", "name": "a/b"}, "INVALID_NAME", "name"),
        ("createFolder", {"parentId": "drive", "name": "shared"}, "NAME_TAKEN", "name"),
        ("createFolder", {"parentId": "nothing", "name": "x"}, "NOT_FOUND", "parentId"),
        ("rename", {"id": "file", "name": "a/b"}, "INVALID_NAME", "name"),
        ("rename", {"id": "hidden", "name": "shared"}, "NAME_TAKEN", "name"),
        ("rename", {"id": "nothing", "name": "x"}, "NOT_FOUND", "id"),
        ("move", {"id": "shared", "parentId": "shared"}, "MOVE_INTO_ITSELF", "parentId"),
        # Which of the two is absent, or only not hers, is not told.
        ("move", {"id": "nothing", "parentId": "shared"}, "NOT_FOUND", ""),
        ("move", {"id": "file", "parentId": "nothing"}, "NOT_FOUND", ""),
        ("beginUpload", {"parentId": "drive", "name": "a/b", "size": 1}, "INVALID_NAME", "name"),
        ("beginUpload", {"parentId": "shared", "name": "hello.txt", "size": 1}, "NAME_TAKEN", "name"),
        ("beginUpload", {"parentId": "drive", "name": "a", "size": -1}, "INVALID_ARGUMENT", "size"),
        ("beginUpload", {"parentId": "drive", "name": "a", "size": 1001}, "QUOTA_EXCEEDED", "size"),
        ("beginUpload", {"parentId": "drive", "name": "a", "size": 1 << 60}, "FILE_TOO_LARGE", "size"),
        ("beginUpload", {"parentId": "nothing", "name": "a", "size": 1}, "NOT_FOUND", "parentId"),
        (
            "beginUpload",
            {"parentId": "drive", "name": "a", "size": 1, "contentType": "?"},
            "INVALID_ARGUMENT",
            "contentType",
        ),
        (
            "beginUpload",
            {"parentId": "drive", "name": "a", "size": 1, "idempotencyKey": ""},
            "INVALID_ARGUMENT",
            "idempotencyKey",
        ),
        ("finalizeUpload", {"uploadId": "nothing"}, "NOT_FOUND", "uploadId"),
        ("abortUpload", {"uploadId": "nothing"}, "NOT_FOUND", "uploadId"),
        ("createUser", {"username": "", "password": GOOD}, "INVALID_ACCOUNT_NAME", "username"),
        ("createUser", {"username": "OLGA", "password": GOOD}, "USERNAME_TAKEN", "username"),
        ("createUser", {"username": "x1", "password": "1"}, "WEAK_PASSWORD", "password"),
        (
            "createUser",
            {"username": "x1", "password": GOOD, "displayName": "\0"},
            "INVALID_ACCOUNT_NAME",
            "displayName",
        ),
        ("createGroup", {"name": ""}, "INVALID_ACCOUNT_NAME", "name"),
        ("addGroupMember", {"groupId": "group", "username": "nobody"}, "ACCOUNT_NOT_FOUND", "username"),
        ("addGroupMember", {"groupId": "group", "userId": "user"}, "ACCOUNT_NOT_FOUND", "userId"),
        ("addGroupMember", {"groupId": "nothing", "username": "vera"}, "ACCOUNT_NOT_FOUND", "groupId"),
        ("share", {"id": "nothing", "subject": {"username": "vera"}, "role": "VIEWER"}, "NOT_FOUND", "id"),
        ("share", {"id": "drive", "subject": {"username": "?"}, "role": "VIEWER"}, "ACCOUNT_NOT_FOUND", "subject"),
        ("share", {"id": "drive", "subject": {"everyone": "ANYONE"}, "role": "OWNER"}, "INVALID_ARGUMENT", "role"),
        ("createAccessToken", {"name": ""}, "INVALID_ACCOUNT_NAME", "name"),
        ("createAccessToken", {"name": "x", "expiresIn": 1}, "INVALID_LIFETIME", "expiresIn"),
        ("revokeAccessToken", {"id": "nothing"}, "ACCOUNT_NOT_FOUND", "id"),
        ("signIn", {"username": "olga", "password": "no"}, "INVALID_CREDENTIALS", ""),
    ],
)
def test_an_error_names_its_field(world: World, mutation: str, given: dict[str, Any], code: str, path: str) -> None:
    Drive.objects.update(quota_bytes=1000)
    ids = {
        "drive": world.drive_id,
        "shared": world.shared_id,
        "hidden": world.hidden_id,
        "file": world.file_id,
        "group": encode(Kind.GROUP, Group.objects.create(name="crew").id),
        "user": encode(Kind.USER, ABSENT),
        "nothing": encode(_KINDS.get(mutation, Kind.FOLDER), ABSENT),
    }
    filled = {
        name: ids.get(str(value), value) if name.lower().endswith("id") else value for name, value in given.items()
    }
    input_type = f"{mutation[0].upper()}{mutation[1:]}Input"
    assert world.ann.client.refused(mutation, input_type, **filled) == (code, ["input", *([path] if path else [])])


def test_an_error_of_a_batch_names_its_place_too(world: World) -> None:
    client = world.olga.client
    uploads = [
        {"parentId": world.shared_id, "name": "a", "size": 1},
        {"parentId": world.shared_id, "name": "b/c", "size": 1},
        {"parentId": "nonsense", "name": "d", "size": 1},
    ]
    errors = "results { errors { code path } }"
    begun = client.do("beginUploads", "BeginUploadsInput", errors, uploads=uploads)["results"]
    assert [[error["path"] for error in each["errors"]] for each in begun] == [
        [],
        [["input", "uploads", "1", "name"]],
        [["input", "uploads", "2", "parentId"]],
    ]
    absent = [{"uploadId": encode(Kind.UPLOAD, ABSENT)}, {"uploadId": "nonsense"}]
    finalized = client.do("finalizeUploads", "FinalizeUploadsInput", errors, uploads=absent)["results"]
    assert [each["errors"][0]["path"] for each in finalized] == [
        ["input", "uploads", "0", "uploadId"],
        ["input", "uploads", "1", "uploadId"],
    ]
    for mutation in ("trash", "restore", "purge"):
        input_type = f"{mutation.capitalize()}Input"
        done = client.do(mutation, input_type, errors, ids=["nonsense", encode(Kind.FILE, ABSENT)])["results"]
        assert [each["errors"][0]["path"] for each in done] == [["input", "ids", "0"], ["input", "ids", "1"]]


def test_a_name_that_is_taken_where_a_file_goes_is_about_the_place(world: World) -> None:
    client = world.olga.client
    client.do("createFolder", "CreateFolderInput", "folder { id }", parentId=world.hidden_id, name="hello.txt")
    moved = client.refused("move", "MoveInput", id=world.file_id, parentId=world.hidden_id)
    assert moved == ("NAME_TAKEN", ["input", "parentId"])
    replaced = client.refused("move", "MoveInput", id=world.file_id, parentId=world.hidden_id, onConflict="REPLACE")
    assert replaced == ("NAME_TAKEN", ["input", "parentId"])
