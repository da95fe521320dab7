"""Executes operations: graphql-core's executor with a short way for fields that only read a loaded row.

Why: strawberry wraps each resolver so that it may take arguments, extensions and an ``Info``, and graphql-core builds
resolve info, argument values and a path for each field of each node. For a page of 100 files that is most of the
time. A field whose resolver takes nothing but ``self`` (or arguments that are the same for each node of the page)
needs none of it: it is read by a plain call, worked out once for each selection of a document (``schema.selections``).
Everything else, and every error, goes the executor's own way, so that answers are the same.

An operation that is read for too long is ended between two fields, so that no document keeps a thread for minutes.

Nothing here knows a type of the API.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any, TypeAlias, cast

from graphql import (
    GraphQLAbstractType,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
    OperationType,
    Undefined,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    located_error,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.executor import Executor
from graphql.execution.values import get_argument_values
from graphql.pyutils import Path, is_iterable
from strawberry import Schema
from strawberry.types.base import get_object_definition
from strawberry.types.field import StrawberryField

from schema.arguments import reader_of, resolver_of
from schema.selections import Selections

Read: TypeAlias = Callable[[Any], Any]
Details: TypeAlias = list[FieldDetails]
Grouped: TypeAlias = Mapping[str, Details]

_BACKREF = "strawberry-definition"
TIMED_OUT = "TIMED_OUT"


class TimedOut(GraphQLError):
    """An operation was read for longer than ``seconds``; all of it is given up, whatever fields may be null."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"This takes longer than {seconds:g} seconds; ask for less.", extensions={"code": TIMED_OUT})


@dataclass(frozen=True, slots=True)
class Reader:
    """How a field is read: ``call(source, **arguments)``; ``convert`` turns GraphQL arguments into Python's."""

    call: Callable[..., Any]
    convert: Callable[[Mapping[str, Any]], dict[str, Any]] | None


@dataclass(frozen=True, slots=True)
class Step:
    """One selected field of a selection set, ready to be read from any number of sources.

    ``read`` is None for a field that takes the executor's own way. Otherwise a value goes through ``leaf``, or is one
    object or (``many``) a list of objects; ``object_type`` is None where the class of each value decides.
    """

    name: str
    details: Details
    type: GraphQLOutputType
    read: Read | None = None
    required: bool = False
    leaf: Callable[[Any], Any] | None = None
    many: bool = False
    item_required: bool = False
    object_type: GraphQLObjectType | None = None


def readers(schema: Schema) -> dict[tuple[str, str], Reader]:
    """Find the fields, by type and name, that can be read by a plain call; root fields never are."""
    core = core_schema(schema)
    roots = (core.query_type, core.mutation_type, core.subscription_type)
    found: dict[tuple[str, str], Reader] = {}
    for type_ in core.type_map.values():
        if isinstance(type_, GraphQLObjectType) and type_ not in roots:
            for name, field in type_.fields.items():
                definition = field.extensions.get(_BACKREF)
                if isinstance(definition, StrawberryField) and (reader := _reader(definition, schema)):
                    found[type_.name, name] = reader
    return found


def core_schema(schema: Schema) -> GraphQLSchema:
    """Return the graphql-core schema under a strawberry schema."""
    return schema._schema


def _reader(field: StrawberryField, schema: Schema) -> Reader | None:
    if field.extensions or field.permission_classes or field.is_async:
        return None
    resolver = field.base_resolver
    if resolver is None:
        return Reader(attrgetter(field.python_name), None)
    if resolver.info_parameter is not None or resolver.parent_parameter is not None:
        return None
    arguments = list(field.arguments)
    convert = None
    if arguments:
        convert = reader_of(arguments, schema)
    return Reader(cast("Callable[..., Any]", resolver.wrapped_func), convert)


def resolve_roots(schema: Schema) -> None:
    """Let root fields be resolved by a plain call of their resolver, with an ``Info``, where that means the same."""
    core = core_schema(schema)
    for root in (core.query_type, core.mutation_type):
        for field in root.fields.values() if root is not None else ():
            definition = field.extensions.get(_BACKREF)
            if isinstance(definition, StrawberryField):
                field.resolve = resolver_of(definition, schema) or field.resolve


def mark_types(schema: GraphQLSchema) -> None:
    """Let abstract types resolve by the class of the value, in one dictionary look-up."""

    def resolve_type(value: Any, _info: Any, _abstract: GraphQLAbstractType) -> str | None:
        definition = get_object_definition(value)
        return definition.name if definition else None

    for type_ in schema.type_map.values():
        if isinstance(type_, (GraphQLInterfaceType, GraphQLUnionType)):
            type_.resolve_type = resolve_type
        elif isinstance(type_, GraphQLObjectType):
            type_.is_type_of = None


class PageExecutor(Executor[Any]):
    """An executor for one operation on one schema; the tables are set on the subclass made by ``executor_for``.

    ``seconds`` is how long a query is read, or the payload of a mutation once it was done: work is never thrown away
    because it took long.
    """

    table: Mapping[tuple[str, str], Reader] = {}
    classes: Mapping[type, GraphQLObjectType] = {}
    seconds = 10.0

    def __init__(self, *args: Any, selections: Selections | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._mutates = self.operation.operation is OperationType.MUTATION
        self._deadline = time.monotonic() + self.seconds
        self._ended = False
        self._selections = selections if selections is not None else Selections()

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: Any,
        serially: bool,
        new_defer_usages: Any,
    ) -> Any:
        """Execute the fields of the operation: those collected when the document was met first, if it was."""
        _, known = self._selections.roots.setdefault(id(self.operation), (self.operation, grouped_field_set))
        return super().execute_collected_root_fields(root_type, root_value, known, serially, new_defer_usages)

    def collect_subfields(self, return_type: GraphQLObjectType, field_details_list: Any) -> Any:
        """Collect the fields below some fields, once for each type."""
        key = (return_type, id(field_details_list))
        known = self._selections.subfields.get(key)
        if known is None:
            found = super().collect_subfields(return_type, field_details_list)
            known = self._selections.subfields.setdefault(key, (field_details_list, found))
        return known[1]

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: Any,
        position_context: Any,
    ) -> Any:
        """Execute a selection set on one source; answers and errors are those of the base class. Raises TimedOut."""
        self._check_time(path)
        key = (parent_type, id(grouped_field_set))
        known = self._selections.steps.get(key)
        if known is None:
            # The grouped set is kept beside its steps, so that its id cannot be used again while this lives.
            planned = (grouped_field_set, self._plan(parent_type, grouped_field_set))
            known = self._selections.steps.setdefault(key, planned)
        results: dict[str, Any] = {}
        for step in known[1]:
            read = step.read
            if read is None:
                field_path = Path(path, step.name, parent_type.name)
                value = self.execute_field(parent_type, source_value, step.details, field_path, position_context)
                if value is not Undefined:
                    results[step.name] = value
                continue
            try:
                value = read(source_value)
                if value is not None:
                    leaf = step.leaf
                    if leaf is not None:
                        value = leaf(value)
                    elif not step.many:
                        value = self._object(step, step.object_type, value, Path(path, step.name, parent_type.name))
                    elif is_iterable(value):
                        value = self._list(step, value, Path(path, step.name, parent_type.name))
                    else:
                        where = f"{parent_type.name}.{step.name}"
                        raise GraphQLError(f"Expected Iterable, but did not find one for field '{where}'.")
                if value is None and step.required:
                    raise TypeError(f"Cannot return null for non-nullable field {parent_type.name}.{step.name}.")
                results[step.name] = value
            except Exception as error:
                self.handle_field_error(error, step.type, step.details, Path(path, step.name, parent_type.name))
                results[step.name] = None
        return results

    def _check_time(self, path: Path | None) -> None:
        now = time.monotonic()
        if self._mutates and path is not None and path.prev is None:
            self._deadline = now + self.seconds
        elif now > self._deadline:
            self._ended = True
            raise TimedOut(self.seconds)

    def handle_field_error(
        self, raw_error: Exception, return_type: GraphQLOutputType, field_details_list: Details, path: Path
    ) -> None:
        """Turn an error into null and an entry of ``errors``; once time is over it ends the operation instead."""
        if self._ended:
            raise located_error(raw_error, [each.node for each in field_details_list], path.as_list())
        super().handle_field_error(raw_error, return_type, field_details_list, path)

    def _plan(self, parent_type: GraphQLObjectType, grouped: Grouped) -> list[Step]:
        return [self._step(parent_type, name, details) for name, details in grouped.items()]

    def _step(self, parent_type: GraphQLObjectType, name: str, details: Details) -> Step:
        node = details[0].node
        field = parent_type.fields.get(node.name.value)
        reader = self.table.get((parent_type.name, node.name.value))
        if field is None or reader is None:
            return self._step_for_typename(parent_type, name, details)
        read: Read = reader.call
        if reader.convert is not None:
            try:
                values = get_argument_values(field, node, self.variable_values, None, self.hide_suggestions)
                arguments = reader.convert(values)
            except Exception:
                return Step(name, details, field.type)
            if arguments:
                read = partial(_call, reader.call, arguments)
        required, type_ = _unwrap(field.type)
        if is_leaf_type(type_):
            return Step(name, details, field.type, read, required, leaf=_leaf(type_))
        many = is_list_type(type_)
        item_required = False
        if many:
            item_required, type_ = _unwrap(cast("GraphQLList[GraphQLOutputType]", type_).of_type)
        if not (is_object_type(type_) or is_abstract_type(type_)):
            return Step(name, details, field.type)
        object_type = type_ if isinstance(type_, GraphQLObjectType) else None
        return Step(name, details, field.type, read, required, None, many, item_required, object_type)

    def _step_for_typename(self, parent_type: GraphQLObjectType, name: str, details: Details) -> Step:
        if details[0].node.name.value == "__typename":
            type_name = parent_type.name
            return Step(name, details, GraphQLString, lambda _source: type_name, True, leaf=str)
        return Step(name, details, GraphQLString)

    def _object(self, step: Step, object_type: GraphQLObjectType | None, value: Any, path: Path) -> Any:
        if object_type is None:
            object_type = self.classes[type(value)]
        grouped = self.collect_subfields(object_type, step.details).grouped_field_set
        return self.execute_fields(object_type, value, path, grouped, None)

    def _list(self, step: Step, values: Any, path: Path) -> list[Any]:
        results: list[Any] = []
        object_type = step.object_type
        for index, value in enumerate(values):
            item_path = path.add_key(index, None)
            try:
                if value is None:
                    if step.item_required:
                        raise TypeError(f"Cannot return null for an item of {step.name}.")
                    results.append(None)
                else:
                    results.append(self._object(step, object_type, value, item_path))
            except Exception as error:
                item_type = cast("Any", step.type)
                item_type = (item_type.of_type if is_non_null_type(item_type) else item_type).of_type
                self.handle_field_error(error, item_type, step.details, item_path)
                results.append(None)
        return results


def executor_for(schema: Schema, *, seconds: float = PageExecutor.seconds) -> type[PageExecutor]:
    """Prepare ``schema`` and return the executor class for it, which reads for ``seconds`` at most."""
    core = core_schema(schema)
    mark_types(core)
    resolve_roots(schema)
    classes: dict[type, GraphQLObjectType] = {}
    for type_ in core.type_map.values():
        definition = type_.extensions.get(_BACKREF)
        origin = getattr(definition, "origin", None)
        if isinstance(type_, GraphQLObjectType) and isinstance(origin, type):
            classes[origin] = type_
    return type("SchemaExecutor", (PageExecutor,), {"table": readers(schema), "classes": classes, "seconds": seconds})


def _call(function: Callable[..., Any], arguments: dict[str, Any], source: Any) -> Any:
    return function(source, **arguments)


def _unwrap(type_: Any) -> tuple[bool, Any]:
    return (True, type_.of_type) if is_non_null_type(type_) else (False, type_)


def _leaf(type_: Any) -> Callable[[Any], Any]:
    """Return the serializer; the built-in text types are what they are when the resolver gave a ``str``."""
    coerce = type_.coerce_output_value
    if isinstance(type_, GraphQLScalarType) and type_.name in {"String", "ID"}:
        return lambda value: value if type(value) is str else coerce(value)
    if isinstance(type_, GraphQLScalarType) and type_.name == "Boolean":
        return lambda value: value if type(value) is bool else coerce(value)
    return cast("Callable[[Any], Any]", coerce)
