"""A text that no database keeps, at each place of each mutation that takes a text, is refused and never an accident."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    build_schema,
    get_named_type,
    is_required_input_field,
)

from schema.ids import Kind, encode
from tests.schema.conftest import World, begin_upload

SCHEMA = build_schema((Path(__file__).resolve().parents[2] / "schema.graphql").read_text())
TEXTS = {"String", "ID", "JSON"}
ELSE = ("",)
"""A way that leads to no text."""
UNSTORABLE = ("\0", "a\0b", "user:\0", "folder:\0", "group:\0#member")

assert SCHEMA.mutation_type is not None
MUTATIONS = SCHEMA.mutation_type.fields


def places(kind: GraphQLInputType, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The ways to each text within an input."""
    named = get_named_type(kind)
    if isinstance(named, GraphQLInputObjectType):
        for name, each in named.fields.items():
            yield from places(each.type, (*above, name))
    elif named.name in TEXTS:
        yield above


def filled(kind: GraphQLInputType, sound: dict[str, Any], way: tuple[str, ...], text: str) -> Any:
    """An input with what it needs, and ``text`` at the end of ``way``."""
    if isinstance(kind, GraphQLNonNull):
        return filled(kind.of_type, sound, way, text)
    if isinstance(kind, GraphQLList):
        return [filled(kind.of_type, sound, way, text)]
    if isinstance(kind, GraphQLInputObjectType):
        first, rest = way[0], way[1:]
        named = {name for name, each in kind.fields.items() if name == first or is_required_input_field(each)}
        return {
            name: filled(kind.fields[name].type, {**sound, "": sound.get(name)}, rest if name == first else ELSE, text)
            # Of some inputs exactly one field is given.
            for name in named or {"username"}
        }
    if not way:
        return {"x": text} if get_named_type(kind).name == "JSON" else text
    return next(iter(kind.values)) if isinstance(kind, GraphQLEnumType) else sound[""]


@pytest.fixture
def sound(world: World) -> dict[str, Any]:
    """A value for each field that an input may need."""
    group = world.ann.client.do("createGroup", "CreateGroupInput", "group { id }", name="g")["group"]["id"]
    return {
        "id": world.shared_id,
        "ids": world.shared_id,
        "parentId": world.hidden_id,
        "groupId": group,
        "uploadId": begin_upload(world.ann, world.shared_id),
        "name": "a",
        "username": "a",
        "password": "correct horse battery",
        "setupToken": "x",
        "size": "1",
        "user": world.vera.actor,
        "relation": "viewer",
        "object": f"folder:{world.hidden.id}",
        "text": "model\n  schema 1.1\ntype user",
        "versionId": encode(Kind.FOLDER, world.shared.id),
    }


@pytest.mark.parametrize("mutation", [name for name, field in MUTATIONS.items() if "input" in field.args])
def test_a_text_that_no_database_keeps(world: World, sound: dict[str, Any], mutation: str) -> None:
    field = MUTATIONS[mutation]
    kind = field.args["input"].type
    for way in places(kind):
        for text in UNSTORABLE:
            query = f"mutation ($input: {kind}) {{ {mutation}(input: $input) {{ __typename errors {{ code }} }} }}"
            answer = world.ann.client.post(query, {"input": filled(kind, sound, way, text)})
            assert answer.status == 200, (way, text, answer.body)
            assert "errors" not in answer.json, (way, text, answer.json)
