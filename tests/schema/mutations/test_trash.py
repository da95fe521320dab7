"""Into the trash, out of it, and gone for good, each item for itself."""

from __future__ import annotations

import pytest

from schema.ids import Kind, encode
from tests.schema.conftest import World


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
