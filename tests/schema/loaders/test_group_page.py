"""Groups are listed in pages, and their members are loaded for the whole page."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.services import groups
from schema.ids import Kind, encode
from tests.schema.conftest import Client, World


@pytest.fixture
def crews(world: World) -> list[str]:
    """Ten groups, the ids by name; Vera is in the even ones."""
    ids = []
    for number in range(10):
        group = groups.create(world.ann.actor, f"crew {number}")
        if number % 2 == 0:
            groups.add_member(world.ann.actor, group.id, world.vera.row.id)
        ids.append(encode(Kind.GROUP, group.id))
    return ids


def statements(client: Client, query: str) -> int:
    client.ask("{ __typename }")
    with CaptureQueriesContext(connection) as captured:
        client.ask(query)
    return len(captured)


def test_the_members_of_a_page_cost_as_much_as_of_one_group(world: World, crews: list[str]) -> None:
    for person in (world.ann, world.vera, world.stan):
        one, all_ = (
            statements(person.client, f"{{ groups(first: {size}) {{ nodes {{ members {{ username }} }} }} }}")
            for size in (1, 10)
        )
        assert one <= all_ <= 6


def test_each_group_tells_its_members_to_its_own(world: World, crews: list[str]) -> None:
    query = "{ groups { nodes { name members { username } } } }"
    told = {node["name"]: node["members"] for node in world.vera.client.ask(query)["groups"]["nodes"]}
    assert list(told) == [f"crew {number}" for number in range(10)]
    assert told == {f"crew {n}": [{"username": "vera"}] if n % 2 == 0 else None for n in range(10)}


def test_pages_of_groups_follow_each_other_in_both_directions(world: World, crews: list[str]) -> None:
    query = """query($first: Int, $after: String, $last: Int, $before: String) {
        groups(first: $first, after: $after, last: $last, before: $before) {
          totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    seen: list[str] = []
    after = None
    for more in (True, True, False):
        page = world.stan.client.ask(query, first=4, after=after)["groups"]
        seen += [edge["node"]["id"] for edge in page["edges"]]
        assert page["totalCount"] == 10
        assert page["pageInfo"]["hasNextPage"] is more
        after = page["pageInfo"]["endCursor"]
    assert seen == crews
    back = world.stan.client.ask(query, last=3, before=after)["groups"]
    assert [edge["node"]["id"] for edge in back["edges"]] == crews[6:9]
    assert back["pageInfo"]["hasPreviousPage"]
    # A cursor is good for the list and the viewer it was made for.
    for client in (world.vera.client, Client()):
        answer = client.post(query, {"after": after})
        assert [error["extensions"]["code"] for error in answer.json["errors"]] == ["INVALID_CURSOR"]


def test_groups_by_their_ids_are_loaded_together(world: World, crews: list[str]) -> None:
    query = "query {{ nodes(ids: [{}]) {{ ... on Group {{ name members {{ username }} }} }} }}"
    one, all_ = (
        statements(world.vera.client, query.format(", ".join(f'"{each}"' for each in ids)))
        for ids in (crews[:1], crews)
    )
    # One level more of checks, when one of them is not decided by the first.
    assert one <= all_ <= one + 1
    by_ids = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert world.stan.client.ask(by_ids, ids=crews[::-1])["nodes"] == [{"id": each} for each in crews[::-1]]
    assert Client().ask(by_ids, ids=crews[:2])["nodes"] == [None, None]
