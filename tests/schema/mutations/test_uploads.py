# Operations are read in one piece.
# ruff: noqa: E501

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from schema.ids import Kind, encode
from storage.models import NodeKind, NodeRef
from storage.permissions import Role
from storage.services import sharing
from storage.services.uploads import receive
from tests.schema.conftest import NOW, Client, World

CONTENT = b"the bytes of a file"
UPLOAD = "upload { id state name size receivedSize expiresAt file { id } transport { __typename ... on SinglePut { url method headers { name value } expiresAt } ... on AlreadyThere { sha256 } } }"
FILE = "file { id name size sha256 contentType version path viewerCan { download } downloadUrl { url } }"


def send(url: str, content: bytes) -> None:
    """Do what the byte plane does with a PUT."""
    token = url.removeprefix("https://files.test/u/")
    started = receive.start(token, content_length=len(content), now=NOW)
    started.writer.write(content)
    arrived: dict[str, Any] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    receive.store(started, **arrived)
    receive.finish(started, **arrived, content_type="text/plain", now=NOW)


def begin(client: Client, **given: Any) -> Any:
    return client.do("beginUpload", "BeginUploadInput", UPLOAD, **given)


def test_the_drive_tells_what_is_reserved_for_uploads(world: World) -> None:
    client = world.olga.client
    ask = "query($id: ID!) { drive(id: $id) { reserved used } }"
    before = client.ask(ask, id=world.drive_id)["drive"]
    upload = begin(client, parentId=world.shared_id, name="a.txt", size=len(CONTENT))["upload"]
    assert client.ask(ask, id=world.drive_id)["drive"] == {**before, "reserved": str(len(CONTENT))}
    client.do("abortUpload", "AbortUploadInput", "upload { state }", uploadId=upload["id"])
    assert client.ask(ask, id=world.drive_id)["drive"] == before


def test_begin_send_finalize(world: World) -> None:
    client = world.olga.client
    payload = begin(client, parentId=world.shared_id, name="a.txt", size=len(CONTENT), idempotencyKey="k1")
    upload = payload["upload"]
    assert payload["errors"] == []
    assert (upload["state"], upload["size"], upload["file"]) == ("OPEN", str(len(CONTENT)), None)
    transport = upload["transport"]
    assert (transport["__typename"], transport["method"]) == ("SinglePut", "PUT")
    again = begin(client, parentId=world.shared_id, name="a.txt", size=str(len(CONTENT)), idempotencyKey="k1")
    assert again["upload"]["id"] == upload["id"]
    early = client.do("finalizeUpload", "FinalizeUploadInput", FILE, uploadId=upload["id"])
    assert [(error["code"], error["retryable"]) for error in early["errors"]] == [("UPLOAD_INCOMPLETE", True)]
    send(transport["url"], CONTENT)
    seen = client.ask(f"query($id: ID!) {{ {UPLOAD.replace('upload {', 'upload(id: $id) {', 1)} }}", id=upload["id"])[
        "upload"
    ]
    assert (seen["state"], seen["receivedSize"]) == ("VERIFYING", str(len(CONTENT)))
    for _ in range(2):
        done = client.do(
            "finalizeUpload", "FinalizeUploadInput", f"{FILE} upload {{ state file {{ id }} }}", uploadId=upload["id"]
        )
        assert done["errors"] == []
        assert done["file"]["path"] == "/shared/a.txt"
        assert done["file"]["sha256"] == hashlib.sha256(CONTENT).hexdigest()
        assert done["file"]["version"] == 1
        assert done["file"]["downloadUrl"]["url"].startswith("https://files.test/d/")
        assert done["upload"] == {"state": "READY", "file": {"id": done["file"]["id"]}}
    assert client.fail("abortUpload", "AbortUploadInput", uploadId=upload["id"]) == "CONFLICT"


def test_known_bytes_need_not_be_sent(world: World) -> None:
    client = world.olga.client
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    first = begin(client, parentId=world.shared_id, name="a.txt", size=len(CONTENT))["upload"]
    send(first["transport"]["url"], CONTENT)
    client.do("finalizeUpload", "FinalizeUploadInput", FILE, uploadId=first["id"], sha256=sha256)
    upload = begin(client, parentId=world.drive_id, name="b.txt", size=len(CONTENT), sha256=sha256)["upload"]
    assert upload["transport"] == {"__typename": "AlreadyThere", "sha256": sha256}
    done = client.do("finalizeUpload", "FinalizeUploadInput", FILE, uploadId=upload["id"])
    assert done["file"]["sha256"] == sha256


def test_a_batch_answers_for_each(world: World) -> None:
    client = world.olga.client
    given = [
        {"parentId": world.shared_id, "name": "a", "size": 1},
        {"parentId": "nonsense", "name": "b", "size": 1},
        {"parentId": world.shared_id, "name": "hello.txt", "size": 1},
        {"parentId": world.shared_id, "name": "c/d", "size": 1},
        {"parentId": world.shared_id, "name": "e", "size": -1},
        {"parentId": world.shared_id, "name": "f", "size": str(1 << 60)},
        {"parentId": world.drive_id, "name": "g", "size": 0},
    ]
    payload = client.do(
        "beginUploads",
        "BeginUploadsInput",
        "results { upload { id transport { ... on SinglePut { url } } } errors { code } }",
        uploads=given,
    )
    codes = [[error["code"] for error in result["errors"]] for result in payload["results"]]
    assert codes == [[], ["NOT_FOUND"], ["NAME_TAKEN"], ["INVALID_NAME"], ["INVALID_ARGUMENT"], ["FILE_TOO_LARGE"], []]
    first, last = payload["results"][0]["upload"], payload["results"][-1]["upload"]
    send(first["transport"]["url"], b"1")
    send(last["transport"]["url"], b"")
    ids = [first["id"], "nonsense", last["id"], encode(Kind.UPLOAD, "0" * 26)]
    done = client.do(
        "finalizeUploads",
        "FinalizeUploadsInput",
        "results { file { name size } upload { state } errors { code } }",
        uploads=[{"uploadId": value} for value in ids],
    )
    assert [result["file"] for result in done["results"]] == [
        {"name": "a", "size": "1"},
        None,
        {"name": "g", "size": "0"},
        None,
    ]
    assert [[error["code"] for error in result["errors"]] for result in done["results"]] == [
        [],
        ["NOT_FOUND"],
        [],
        ["NOT_FOUND"],
    ]
    too_many = [{"parentId": world.shared_id, "name": str(i), "size": 1} for i in range(101)]
    assert client.fail("beginUploads", "BeginUploadsInput", uploads=too_many) == "BAD_USER_INPUT"
    assert (
        client.fail("finalizeUploads", "FinalizeUploadsInput", uploads=[{"uploadId": first["id"]}] * 101)
        == "BAD_USER_INPUT"
    )


def test_other_bytes_than_declared_end_the_upload(world: World) -> None:
    client = world.olga.client
    upload = begin(client, parentId=world.shared_id, name="a", size=1)["upload"]
    send(upload["transport"]["url"], b"x")
    wrong = hashlib.sha256(b"y").hexdigest()
    assert (
        client.fail("finalizeUpload", "FinalizeUploadInput", uploadId=upload["id"], sha256=wrong) == "CHECKSUM_MISMATCH"
    )
    seen = client.ask("query($id: ID!) { upload(id: $id) { state failure transport { __typename } } }", id=upload["id"])
    assert seen["upload"] == {"state": "FAILED", "failure": "CHECKSUM_MISMATCH", "transport": None}


def test_an_upload_is_its_owners_alone(world: World) -> None:
    upload_id = begin(world.olga.client, parentId=world.shared_id, name="a", size=1)["upload"]["id"]
    for client in (world.ann.client, world.vera.client, Client()):
        assert client.ask("query($id: ID!) { upload(id: $id) { id } node(id: $id) { id } }", id=upload_id) == {
            "upload": None,
            "node": None,
        }
        assert client.fail("finalizeUpload", "FinalizeUploadInput", uploadId=upload_id) == "NOT_FOUND"
        assert client.fail("abortUpload", "AbortUploadInput", uploadId=upload_id) == "NOT_FOUND"
    ended = world.olga.client.do("abortUpload", "AbortUploadInput", "upload { state }", uploadId=upload_id)
    assert ended["upload"] == {"state": "ABORTED"}


def test_an_upload_gives_out_no_url_after_the_right_was_taken_back(world: World) -> None:
    ref = NodeRef(NodeKind.FOLDER, world.shared.id)
    sharing.share(world.olga.actor, ref, world.stan.actor, Role.UPLOADER)
    upload_id = begin(world.stan.client, parentId=world.shared_id, name="a", size=1)["upload"]["id"]
    query = "query($id: ID!) { upload(id: $id) { state transport { __typename } } }"
    seen = world.stan.client.ask(query, id=upload_id)["upload"]
    assert seen == {"state": "OPEN", "transport": {"__typename": "SinglePut"}}
    sharing.unshare(world.olga.actor, ref, world.stan.actor)
    assert world.stan.client.ask(query, id=upload_id)["upload"] == {"state": "OPEN", "transport": None}
    assert world.stan.client.fail("finalizeUpload", "FinalizeUploadInput", uploadId=upload_id) == "NOT_FOUND"


def test_who_may_not_upload_is_refused(world: World) -> None:
    given = {"parentId": world.shared_id, "name": "a", "size": 1}
    assert world.vera.client.fail("beginUpload", "BeginUploadInput", **given) == "PERMISSION_DENIED"
    for client in (world.stan.client, Client()):
        assert client.fail("beginUpload", "BeginUploadInput", **given) == "NOT_FOUND"


def test_a_drop_box_takes_files_and_shows_none(world: World) -> None:
    sharing.share(world.olga.actor, NodeRef(NodeKind.FOLDER, world.shared.id), world.stan.actor, Role.UPLOADER)
    client = world.stan.client
    # The name is taken, which she is not told.
    upload = begin(client, parentId=world.shared_id, name="hello.txt", size=1)["upload"]
    send(upload["transport"]["url"], b"x")
    done = client.do(
        "finalizeUpload", "FinalizeUploadInput", "file { id } upload { state file { id } }", uploadId=upload["id"]
    )
    assert done["errors"] == []
    assert done["file"] is None
    assert done["upload"] == {"state": "READY", "file": None}


def test_an_upload_that_is_over_is_told(world: World) -> None:
    upload = begin(world.olga.client, parentId=world.shared_id, name="a", size=1)["upload"]
    late = Client(token=None, now=NOW + timedelta(days=40))
    assert late.fail("finalizeUpload", "FinalizeUploadInput", uploadId=upload["id"]) == "NOT_FOUND"
    world.olga.client.now = NOW + timedelta(seconds=3599)
    assert world.olga.client.fail("finalizeUpload", "FinalizeUploadInput", uploadId=upload["id"]) == "UPLOAD_INCOMPLETE"


@pytest.mark.parametrize("size", ["", "1.5", "abc", None, True, [], str(2**63)])
def test_a_size_that_is_none_is_an_error_of_the_request(world: World, size: Any) -> None:
    answer = world.olga.client.post(
        "mutation($i: BeginUploadInput!) { beginUpload(input: $i) { upload { id } } }",
        {"i": {"parentId": world.shared_id, "name": "a", "size": size}},
    )
    assert [error["extensions"]["code"] for error in answer.json["errors"]] == ["BAD_USER_INPUT"]
