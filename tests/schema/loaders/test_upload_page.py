"""Uploads that are asked for together are loaded together, and so are the files they became."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from schema.ids import Kind, decode_as, encode
from storage.models import Upload, UploadState
from tests.schema.conftest import World, begin_upload, make_file

QUERY = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Upload { id state file { name path } } } }"


def statements(world: World, ids: list[str]) -> int:
    world.olga.client.ask("{ __typename }")
    with CaptureQueriesContext(connection) as captured:
        world.olga.client.ask(QUERY, ids=ids)
    return len(captured)


def test_ten_uploads_and_their_files_cost_as_much_as_one(world: World) -> None:
    ids = [begin_upload(world.olga, world.shared_id) for _ in range(10)]
    for number, upload_id in enumerate(ids[1:]):
        file = make_file(world.drive, world.shared, f"file {number}", b"%d" % number, world.olga)
        row_id = decode_as(upload_id, Kind.UPLOAD)
        Upload.objects.filter(id=row_id).update(state=UploadState.READY, file_id=file.id)
    found = world.olga.client.ask(QUERY, ids=ids)["nodes"]
    assert [node["id"] for node in found] == ids
    assert found[0]["file"] is None
    assert [node["file"]["name"] for node in found[1:]] == [f"file {number}" for number in range(9)]
    assert statements(world, ids[1:2]) == statements(world, ids[1:])


def test_an_upload_is_shown_to_its_owner_alone(world: World) -> None:
    ids = [begin_upload(world.olga, world.shared_id), encode(Kind.UPLOAD, "0" * 26)]
    assert [node and node["state"] for node in world.olga.client.ask(QUERY, ids=ids)["nodes"]] == ["OPEN", None]
    # Not even to an administrator.
    assert world.ann.client.ask(QUERY, ids=ids)["nodes"] == [None, None]
