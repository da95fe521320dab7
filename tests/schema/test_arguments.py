"""The short way of reading arguments against strawberry's own, for each argument that the API has."""

from __future__ import annotations

from typing import Any

import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    Undefined,
)
from graphql.utilities import coerce_input_value
from hypothesis import given, settings
from hypothesis import strategies as st
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from schema.arguments import reader_of, resolver_of
from schema.executor import core_schema
from schema.root import schema

CORE = core_schema(schema)
_SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "ID": st.text(max_size=5),
    "String": st.text(max_size=5),
    "Int": st.integers(0, 100),
    "BigInt": st.integers(0, 100).map(str),
    "Boolean": st.booleans(),
    "SHA256": st.just("a" * 64),
    "DateTime": st.just("2026-01-31T12:00:00Z"),
    "URL": st.just("https://files.test"),
    "JSON": st.recursive(
        st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
        max_leaves=5,
    ),
}


def fields() -> list[tuple[str, GraphQLField, StrawberryField]]:
    """Every field of the schema that takes arguments."""
    found = []
    for type_ in CORE.type_map.values():
        if isinstance(type_, GraphQLObjectType):
            for name, field in type_.fields.items():
                definition = field.extensions.get("strawberry-definition")
                if field.args and isinstance(definition, StrawberryField):
                    found.append((f"{type_.name}.{name}", field, definition))
    return found


FIELDS = fields()


def values_of(type_: Any) -> st.SearchStrategy[Any]:
    """JSON values of an input type."""
    if isinstance(type_, GraphQLNonNull):
        return _present(type_.of_type)
    return st.none() | _present(type_)


def _present(type_: Any) -> st.SearchStrategy[Any]:
    if isinstance(type_, GraphQLList):
        return st.lists(values_of(type_.of_type), max_size=3)
    if isinstance(type_, GraphQLEnumType):
        return st.sampled_from(list(type_.values))
    if isinstance(type_, GraphQLInputObjectType):
        if type_.extensions["strawberry-definition"].is_one_of:
            return st.one_of(
                *(st.fixed_dictionaries({name: _present(field.type)}) for name, field in type_.fields.items())
            )
        return _objects(type_.fields)
    return _SCALARS[type_.name]


def _objects(members: Any) -> st.SearchStrategy[dict[str, Any]]:
    required = {name: values_of(each.type) for name, each in members.items() if isinstance(each.type, GraphQLNonNull)}
    optional = {name: values_of(each.type) for name, each in members.items() if name not in required}
    return st.fixed_dictionaries(required, optional=optional)


@pytest.mark.parametrize(("name", "field", "definition"), FIELDS, ids=[name for name, _, _ in FIELDS])
@settings(max_examples=20)
@given(st.data())
def test_arguments_are_read_as_strawberry_reads_them(
    name: str, field: GraphQLField, definition: StrawberryField, data: st.DataObject
) -> None:
    sent = data.draw(_objects(field.args))
    coerced = {key: coerce_input_value(value, field.args[key].type) for key, value in sent.items()}
    assert all(value is not Undefined for value in coerced.values())
    expected = convert_arguments(
        coerced, definition.arguments, schema.schema_converter.scalar_registry, schema.config, None
    )
    assert reader_of(definition.arguments, schema)(coerced) == expected


def test_every_root_field_is_resolved_by_a_plain_call() -> None:
    for root in (CORE.query_type, CORE.mutation_type):
        assert root is not None
        for name, field in root.fields.items():
            definition = field.extensions["strawberry-definition"]
            assert resolver_of(definition, schema) is not None, name
            assert field.resolve is not None
            assert field.resolve.__module__ == "schema.arguments", name


@strawberry.input
class Patch:
    name: strawberry.Maybe[str]


@strawberry.type
class OtherQuery:
    @strawberry.field
    def work(self, patch: Patch) -> str:
        return "done"

    @strawberry.field
    def words(self, words: list[str]) -> str:
        return "done"


OTHER = strawberry.Schema(OtherQuery)


def other(name: str) -> StrawberryField:
    query = core_schema(OTHER).query_type
    assert query is not None
    found: StrawberryField = query.fields[name].extensions["strawberry-definition"]
    return found


def test_a_resolver_that_takes_what_cannot_be_read_is_refused_at_the_start() -> None:
    with pytest.raises(TypeError, match="No resolver of this schema takes"):
        resolver_of(other("work"), OTHER)


def test_a_list_is_the_requests_own() -> None:
    """graphql-core gives one and the same default to all requests."""
    shared = ["a"]
    assert reader_of(other("words").arguments, OTHER)({"words": shared})["words"] is not shared
