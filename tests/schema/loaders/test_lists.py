"""How many statements a page costs, whatever is asked about its nodes."""

# Operations are read in one piece.
# ruff: noqa: E501

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from schema.ids import Kind, encode
from storage import registry
from tests.schema.conftest import World, make_file

FIELDS = """
  id name createdAt updatedAt
  viewerCan { view download edit share delete upload }
  ... on File { size contentType sha256 version downloadUrl { url expiresAt } }
"""
FILE_FIELDS = FIELDS.replace("... on File {", "").rsplit("}", 1)[0]

QUERIES = {
    "files": f"query($drive: ID!, $folder: ID!) {{ files(first: 100, filter: {{driveId: $drive, folderId: $folder}}) {{ nodes {{ {FILE_FIELDS} }} }} }}",
    "folder": f"query($drive: ID, $folder: ID!) {{ folder(id: $folder) {{ children(first: 100) {{ nodes {{ {FIELDS} }} }} }} drive(id: $drive) @skip(if: true) {{ id }} }}",
    "drive": f"query($drive: ID!, $folder: ID!) {{ drive(id: $drive) {{ children(first: 100) {{ nodes {{ {FIELDS} }} }} }} folder(id: $folder) @skip(if: true) {{ id }} }}",
}


@pytest.fixture
def full(world: World) -> World:
    for number in range(100):
        make_file(world.drive, world.shared, f"f{number:03}", b"%d" % number, world.olga)
        make_file(world.drive, world.drive, f"top{number:03}", b"%d" % number, world.olga)
    # A process reads the row of a backend once, when it meets it first.
    registry.find_by_id(world.drive.backend_id)
    return world


def statements(world: World, query: str) -> tuple[list[str], Any]:
    world.olga.client.ask("{ __typename }")
    with CaptureQueriesContext(
        connection,
    ) as captured:
        data = world.olga.client.ask(query, drive=world.drive_id, folder=world.shared_id)
    return [each["sql"] for each in captured.captured_queries], data


@pytest.mark.parametrize("name", QUERIES)
def test_a_page_of_100_files_costs_at_most_4_statements(full: World, name: str) -> None:
    found, data = statements(full, QUERIES[name])
    nodes = data["files"]["nodes"] if name == "files" else data[name]["children"]["nodes"]
    assert len(nodes) == 100
    assert all(node["viewerCan"]["view"] for node in nodes)
    assert sum(1 for node in nodes if node.get("downloadUrl")) >= 98
    assert len(found) <= 4, found


def test_a_page_under_two_names_costs_twice_the_page_and_no_more(full: World) -> None:
    query = f"""query($drive: ID, $folder: ID!) {{ drive(id: $drive) {{ id }} folder(id: $folder) {{
        a: children(first: 100) {{ nodes {{ {FIELDS} }} }}
        b: children(first: 50) {{ nodes {{ {FIELDS} }} }} }} }}"""
    found, data = statements(full, query)
    assert (len(data["folder"]["a"]["nodes"]), len(data["folder"]["b"]["nodes"])) == (100, 50)
    assert len(found) <= 7, found


def test_neighbours_of_100_files_are_loaded_together(full: World) -> None:
    query = """query($drive: ID!, $folder: ID!) { drive(id: $drive) { id } folder(id: $folder) { children(first: 100) {
        totalCount nodes { path drive { name quota viewerCan { edit } } parent { ... on Folder { name viewerCan { edit } } }
        createdBy { username } shares { role inherited subject { __typename ... on User { username } } node { __typename } } } } } }"""
    found, data = statements(full, query)
    nodes = data["folder"]["children"]["nodes"]
    assert all(node["path"].startswith("/shared/f") or node["path"] == "/shared/hello.txt" for node in nodes)
    assert {node["createdBy"]["username"] for node in nodes} == {"olga"}
    assert {node["parent"]["name"] for node in nodes} == {"shared"}
    assert all(any(share["role"] == "OWNER" and share["inherited"] for share in node["shares"]) for node in nodes)
    assert len(found) <= 20, found


def test_the_total_is_counted_only_when_asked_for(full: World) -> None:
    query = "query($drive: ID!, $folder: ID) { drive(id: $drive) { children { %s nodes { id } } } folder(id: $folder) @skip(if: true) { id } }"
    without, _ = statements(full, query.replace("%s", "").replace("$folder: ID", "$folder: ID!"))
    counted, data = statements(full, query.replace("%s", "totalCount").replace("$folder: ID", "$folder: ID!"))
    assert data["drive"]["children"]["totalCount"] == 102
    assert len(counted) == len(without) + 1


def test_pages_follow_each_other_in_both_directions(full: World) -> None:
    query = """query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { folder(id: $id) {
        children(first: $first, after: $after, last: $last, before: $before) {
          edges { cursor node { name } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""
    client = full.olga.client
    seen: list[str] = []
    after = None
    for _ in range(3):
        page = client.ask(query, id=full.shared_id, first=40, after=after)["folder"]["children"]
        seen += [edge["node"]["name"] for edge in page["edges"]]
        assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
        after = page["pageInfo"]["endCursor"]
    assert not page["pageInfo"]["hasNextPage"]
    assert seen == sorted(seen)
    assert len(seen) == 101
    back = client.ask(query, id=full.shared_id, last=21, before=after)["folder"]["children"]
    assert [edge["node"]["name"] for edge in back["edges"]] == seen[-22:-1]


def test_a_cursor_of_another_list_is_an_error_with_a_code(full: World) -> None:
    query = "query($id: ID!, $after: String) { folder(id: $id) { children(first: 1, after: $after) { pageInfo { endCursor } } } }"
    cursor = full.olga.client.ask(query, id=full.shared_id)["folder"]["children"]["pageInfo"]["endCursor"]
    for foreign in (cursor, "nonsense", ""):
        answer = full.olga.client.post(query, {"id": full.hidden_id, "after": foreign})
        assert [error["extensions"]["code"] for error in answer.json["errors"]] == ["INVALID_CURSOR"]


def test_the_files_of_a_drive_are_found_by_each_filter(full: World) -> None:
    query = "query($filter: FileFilter) { files(first: 100, filter: $filter) { totalCount nodes { name } } }"

    def names(**filter: Any) -> list[str]:
        return [node["name"] for node in full.olga.client.ask(query, filter=filter)["files"]["nodes"]]

    assert names(nameContains="hell") == ["hello.txt"]
    assert names(sha256=full.secret.sha256) == ["secret.txt"]
    assert names(minSize="6") == ["secret.txt"]
    assert len(names(maxSize=1)) == 20
    assert names(folderId=full.hidden_id) == ["secret.txt"]
    assert names(driveId=encode(Kind.DRIVE, "0" * 26)) == []
    assert names(driveId="nonsense") == []
    assert names(createdById=full.vera.id) == []
    assert names(contentType="image/*") == []
    assert names(updatedAfter="2027-01-01T00:00:00Z") == []
