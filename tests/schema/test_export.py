from __future__ import annotations

from pathlib import Path

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, build_schema

from schema.executor import core_schema
from schema.export import sdl
from schema.root import schema

ROOT = Path(__file__).resolve().parents[2]


def test_the_checked_in_schema_is_the_schema() -> None:
    assert (ROOT / "schema.graphql").read_text() == sdl(), "run `make schema`"


def test_the_text_is_a_schema_in_alphabetical_order() -> None:
    built = build_schema(sdl())
    for type_ in built.type_map.values():
        if isinstance(type_, (GraphQLObjectType, GraphQLInputObjectType)) and not type_.name.startswith("__"):
            assert list(type_.fields) == sorted(type_.fields)


def test_everything_is_described() -> None:
    missing: list[str] = []
    for name, type_ in core_schema(schema).type_map.items():
        if name.startswith("__"):
            continue
        if not type_.description:
            missing.append(name)
        if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)):
            for field_name, field in type_.fields.items():
                if not field.description:
                    missing.append(f"{name}.{field_name}")
                missing += [
                    f"{name}.{field_name}({argument_name}:)"
                    for argument_name, argument in getattr(field, "args", {}).items()
                    if not argument.description
                ]
        elif isinstance(type_, GraphQLEnumType):
            missing += [f"{name}.{value_name}" for value_name, value in type_.values.items() if not value.description]
    assert missing == []


def test_no_32_bit_integer_counts_bytes() -> None:
    for type_ in core_schema(schema).type_map.values():
        if isinstance(type_, (GraphQLObjectType, GraphQLInputObjectType)):
            for name, field in type_.fields.items():
                if any(word in name.lower() for word in ("size", "quota", "used", "bytes")) and name != "lastUsedAt":
                    assert "BigInt" in str(field.type) or type_.name.startswith("__"), f"{type_.name}.{name}"
