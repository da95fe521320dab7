"""What is somebody else's, what is absent and what is no id at all are one answer, for every field that takes an id."""

# Operations are read in one piece.
# ruff: noqa: E501

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLNonNull, get_named_type, get_nullable_type, is_list_type
from pytest_django.fixtures import Settings

from schema.executor import core_schema
from schema.ids import Kind, encode
from schema.root import schema
from tests.schema.conftest import NOW, Client, World, begin_upload

CORE = core_schema(schema)
ABSENT = "0" * 26


def foreign_ids(world: World) -> dict[str, str]:
    """Return an id of everything there is that Stan may not see, by kind."""
    upload_id = begin_upload(world.olga, world.shared_id)
    token_id = world.olga.client.ask("{ viewer { accessTokens { id } } }")["viewer"]["accessTokens"][0]["id"]
    return {
        "drive": world.drive_id, "folder": world.hidden_id, "file": world.secret_id, "upload": upload_id, "token": token_id,
    }  # fmt: skip


ID_QUERIES = [
    "query($id: ID!) { found: node(id: $id) { id } }",
    "query($id: ID!) { found: nodes(ids: [$id, $id]) { id } }",
    "query($id: ID!) { found: folder(id: $id) { id children { totalCount } } }",
    "query($id: ID!) { found: file(id: $id) { id downloadUrl { url } } }",
    "query($id: ID!) { found: drive(id: $id) { id children { totalCount } } }",
    "query($id: ID!) { found: upload(id: $id) { id } }",
    'query($id: ID!) { found: item(drive: $id, path: "/hidden/secret.txt") { id } }',
    'query($id: ID!) { found: item(drive: $id, path: "/nothing") { id } }',
    "query($id: ID!) { found: files(filter: {driveId: $id}) { totalCount nodes { id } } }",
    "query($id: ID!) { found: files(filter: {folderId: $id}) { totalCount nodes { id } } }",
    "query($id: ID!) { found: files(filter: {createdById: $id}) { totalCount nodes { id } } }",
]


def answer_of(client: Client, query: str, value: str) -> Any:
    answer = client.post(query, {"id": value})
    return answer.status, re.sub(rb'"requestId":"[0-9a-f]+"', b"", answer.body)


@pytest.mark.parametrize("query", ID_QUERIES)
def test_every_query_answers_for_a_foreign_id_as_for_an_absent_one(world: World, query: str) -> None:
    ids = foreign_ids(world)
    for client in (world.stan.client, Client()):
        expected = answer_of(client, query, encode(Kind.FILE, ABSENT))
        for kind, foreign in ids.items():
            for value in (foreign, encode(Kind(kind), ABSENT), "nonsense", ""):
                assert answer_of(client, query, value) == expected, (kind, value)


def id_mutations() -> list[tuple[str, str]]:
    """Return every mutation and field of its input that takes an id."""
    assert CORE.mutation_type is not None
    found = []
    for name, mutation in CORE.mutation_type.fields.items():
        input_type = get_named_type(mutation.args["input"].type)
        assert isinstance(input_type, GraphQLInputObjectType)
        found += [
            (name, field) for field, value in input_type.fields.items() if str(get_named_type(value.type)) == "ID"
        ]
    return found


def dummy(type_: Any, value: str) -> Any:
    """Return something that fits an input type; ids are the one in question."""
    if is_list_type(get_nullable_type(type_)):
        return [dummy(get_named_type(type_), value)]
    named = get_named_type(type_)
    if named.name == "ID":
        return value
    if isinstance(named, GraphQLInputObjectType):
        return {"everyone": "ANYONE"} if named.name == "ShareSubjectInput" else {}
    return {"String": "some name", "Int": 3600, "BigInt": "1", "ShareRole": "VIEWER", "ConflictPolicy": "FAIL"}[
        named.name
    ]


@pytest.mark.parametrize(("mutation", "field"), id_mutations())
def test_every_mutation_answers_for_a_foreign_id_as_for_an_absent_one(world: World, mutation: str, field: str) -> None:
    assert CORE.mutation_type is not None
    input_type = get_named_type(CORE.mutation_type.fields[mutation].args["input"].type)
    assert isinstance(input_type, GraphQLInputObjectType)
    batch = "results { errors { code message path retryable } }" if mutation in {"trash", "restore", "purge"} else ""
    query = f"mutation($i: {input_type.name}!) {{ {mutation}(input: $i) {{ {batch} errors {{ code message path retryable }} }} }}"

    def ask(client: Client, value: str) -> Any:
        given = {
            name: dummy(each.type, value)
            for name, each in input_type.fields.items()
            if name == field or isinstance(each.type, GraphQLNonNull)
        }
        payload = client.ask(query, i=given)[mutation]
        errors = payload["errors"] or payload["results"][0]["errors"]
        assert errors
        return payload

    for client in (world.stan.client, Client()):
        for kind, foreign in foreign_ids(world).items():
            assert ask(client, foreign) == ask(client, encode(Kind(kind), ABSENT)), kind


def test_a_page_never_shows_what_its_viewer_may_not_see(world: World) -> None:
    query = """query($drive: ID!) { files { totalCount nodes { name drive { id } parent { __typename } path shares { id } createdBy { username } viewerCan { view download edit share delete } } }
        drive(id: $drive) { id } drives { totalCount } }"""
    assert world.vera.client.ask(query, drive=world.drive_id) == {
        "files": {
            "totalCount": 1,
            "nodes": [{
                "name": "hello.txt", "drive": None, "parent": {"__typename": "Folder"}, "path": "/shared/hello.txt", "shares": None,
                "createdBy": {"username": "olga"},
                "viewerCan": {"view": True, "download": True, "edit": False, "share": False, "delete": False},
            }],
        },
        "drive": None, "drives": {"totalCount": 0},
    }  # fmt: skip
    assert world.stan.client.ask(query, drive=world.drive_id) == {
        "files": {"totalCount": 0, "nodes": []}, "drive": None, "drives": {"totalCount": 0},
    }  # fmt: skip


def test_nodes_come_in_the_order_of_their_ids(world: World) -> None:
    ids = [
        world.secret_id,
        "nonsense",
        world.drive_id,
        world.olga.id,
        encode(Kind.FILE, ABSENT),
        world.hidden_id,
        world.secret_id,
    ]
    found = world.olga.client.ask("query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", ids=ids)["nodes"]
    assert [node and node["__typename"] for node in found] == ["File", None, "Drive", "User", None, "Folder", "File"]
    answer = world.olga.client.post("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ids * 20})
    assert [error["extensions"]["code"] for error in answer.json["errors"]] == ["BAD_USER_INPUT"]


def test_accounts_are_shown_to_those_who_are_signed_in(world: World) -> None:
    query = "query($id: ID!) { node(id: $id) { ... on User { username displayName } } }"
    assert world.stan.client.ask(query, id=world.olga.id)["node"] == {"username": "olga", "displayName": "olga"}
    assert Client().ask(query, id=world.olga.id)["node"] is None


def test_items_by_path_and_drives_by_name(world: World) -> None:
    query = "query($drive: ID!, $path: String!) { item(drive: $drive, path: $path) { __typename name } }"
    olga = world.olga.client
    assert olga.ask(query, drive=world.drive_id, path="/hidden/secret.txt")["item"] == {
        "__typename": "File",
        "name": "secret.txt",
    }
    assert olga.ask(query, drive=world.drive_id, path="/shared")["item"] == {"__typename": "Folder", "name": "shared"}
    for path in ("/", "", "/nothing", "/shared/hello.txt/x", "/" + "a/" * 300, "\0", "/../other"):
        assert olga.ask(query, drive=world.drive_id, path=path)["item"] is None, path
    by_name = "query($name: String) { drive(name: $name) { name } }"
    assert olga.ask(by_name, name="Team")["drive"] == {"name": "Team"}
    assert world.stan.client.ask(by_name, name="Team")["drive"] is None
    for name in ("\0", "", "x" * 10_000, "te\u202eam"):
        assert olga.ask(by_name, name=name)["drive"] is None
    assert olga.ask("{ drive { name } }")["drive"] is None
    assert (
        olga.ask("{ drives { nodes { name } edges { cursor node { name } } totalCount } }")["drives"]["totalCount"] == 1
    )


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_link_lives_a_second_at_least(world: World, seconds: int) -> None:
    query = (
        "query($id: ID!, $s: Int) { file(id: $id) { name downloadUrl(expiresIn: $s, disposition: INLINE) { url } } }"
    )
    answer = world.olga.client.post(query, {"id": world.file_id, "s": seconds})
    assert answer.json["data"] == {"file": {"name": "hello.txt", "downloadUrl": None}}
    assert [error["extensions"]["code"] for error in answer.json["errors"]] == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    ("asked", "seconds"), [("", 120), ("(expiresIn: null)", 120), ("(expiresIn: 7)", 7), ("(expiresIn: 999)", 500)]
)
def test_the_operator_decides_how_long_a_link_lives(world: World, settings: Settings, asked: str, seconds: int) -> None:
    settings.FILEGRAPH_DOWNLOAD_LIFETIME, settings.FILEGRAPH_DOWNLOAD_LIFETIME_MAX = 120, 500
    query = f"query($id: ID!) {{ file(id: $id) {{ downloadUrl{asked} {{ expiresAt }} }} }}"
    link = world.olga.client.ask(query, id=world.file_id)["file"]["downloadUrl"]
    assert datetime.fromisoformat(link["expiresAt"]) == NOW + timedelta(seconds=seconds)


def test_a_nul_character_is_in_no_name(world: World) -> None:
    nowhere, text, ask = {"nodes": [], "totalCount": 0}, "a\0", world.olga.client.ask
    page = "(filter: {nameContains: $t}) { nodes { id } totalCount }"
    assert ask(f"query($t: String) {{ files{page} }}", t=text)["files"] == nowhere
    query = f"query($d: ID!, $t: String) {{ drive(id: $d) {{ children{page} }} }}"
    assert ask(query, d=world.drive_id, t=text)["drive"]["children"] == nowhere
    query = "query($d: ID!, $t: String!) { item(drive: $d, path: $t) { id } }"
    assert ask(query, d=world.drive_id, t=f"/{text}")["item"] is None
    for query in (
        "query($t: String) { files(filter: {contentType: $t}) { totalCount } }",
        "query($t: String) { files(after: $t) { totalCount } }",
    ):
        answer = world.olga.client.post(query, {"t": "a\0"})
        (error,) = answer.json["errors"]
        assert error["extensions"]["code"] in {"INVALID_ARGUMENT", "INVALID_CURSOR"}
