"""Arguments of resolvers: from the values that graphql-core has checked to what a resolver's signature says.

Strawberry works out again for each request which field of which input has which name and type. Here that is done once,
when the server starts; the results are the same. What has no such short way is refused then, not at a request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING
from typing import Any, TypeAlias, cast

from strawberry import Schema
from strawberry.scalars import is_scalar
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryObjectDefinition,
    StrawberryOptional,
    get_object_definition,
)
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition
from strawberry.types.field import StrawberryField

Convert: TypeAlias = Callable[[Any], Any]
Read: TypeAlias = Callable[[Mapping[str, Any]], dict[str, Any]]


def reader_of(arguments: Iterable[StrawberryArgument], schema: Schema) -> Read:
    """Return what turns GraphQL's arguments, by their names there, into Python's. Raises TypeError."""
    names = schema.config.name_converter
    return _read([(names.from_argument(each), each.python_name, _converter(each.type, schema)) for each in arguments])


def resolver_of(field: StrawberryField, schema: Schema) -> Callable[..., Any] | None:
    """Return a plain resolver of a root field, in graphql-core's terms; None for one that needs strawberry's own way.

    Raises TypeError for arguments that cannot be read.
    """
    resolver = field.base_resolver
    if resolver is None or field.extensions or field.permission_classes or field.is_async:
        return None
    if resolver.parent_parameter is not None or resolver.root_parameter is not None or not resolver.self_parameter:
        return None
    function = cast("Callable[..., Any]", resolver.wrapped_func)
    read = reader_of(field.arguments, schema)
    make_info = schema.config.info_class
    info_name = resolver.info_parameter.name if resolver.info_parameter is not None else None

    def resolve(source: Any, info: Any, /, **values: Any) -> Any:
        arguments = read(values)
        if info_name is not None:
            arguments[info_name] = make_info(_raw_info=info, _field=field)
        return function(source, **arguments)

    return resolve


def _read(parts: list[tuple[str, str, Convert | None]], absent: Mapping[str, None] | None = None) -> Read:
    """Return what picks ``parts`` (GraphQL's name, Python's, how to convert) out of a mapping."""
    start = absent or {}

    def read(values: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = dict(start)
        for name, python_name, convert in parts:
            if name in values:
                value = values[name]
                found[python_name] = value if convert is None or value is None else convert(value)
        return found

    return read


def _converter(type_: Any, schema: Schema) -> Convert | None:
    """Return what converts a value of ``type_`` that is not null; None where it is right as it is."""
    if isinstance(type_, StrawberryOptional) and not isinstance(type_, StrawberryMaybe):
        return _converter(type_.of_type, schema)
    if isinstance(type_, StrawberryList):
        inner = _converter(type_.of_type, schema)
        if inner is None:
            # A copy: graphql-core gives one and the same default to every request.
            return list
        return lambda values: [None if value is None else inner(value) for value in values]
    if is_scalar(type_, schema.schema_converter.scalar_registry):
        return None
    if isinstance(type_, StrawberryEnumDefinition) or has_enum_definition(type_):
        return None
    definition = get_object_definition(type_)
    if definition is not None and definition.is_input and definition.from_input is None:
        return _input(definition, schema)
    raise TypeError(f"No resolver of this schema takes a {type_}.")


def _input(definition: StrawberryObjectDefinition, schema: Schema) -> Convert:
    names = schema.config.name_converter
    # What may be left out and has no default is None; what must be there has been asked for.
    absent = {
        field.python_name: None
        for field in definition.fields
        if field.default_value is MISSING and field.default_factory is MISSING
    }
    parts = [
        (names.from_field(field), field.python_name, _converter(field.resolve_type(type_definition=definition), schema))
        for field in definition.fields
    ]
    read, make = _read(parts, absent), definition.origin
    return lambda values: make(**read(values))
