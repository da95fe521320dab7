"""Reads OpenFGA's JSON shape of a model, the one its API and ``fga model transform`` speak.

Only the shape is judged here (kinds of values, known names of fields that matter); meaning is the validator's. Fields
without content, which some clients add (``"relation": ""``, ``"metadata": null``), count as absent. Writing it is
``authz.dsl.json_writer``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from authz.dsl.json_writer import TYPE_PREFIX
from authz.dsl.model import (
    CONTAINERS,
    PARAMETER_TYPES,
    Computed,
    Condition,
    ConditionParameter,
    Difference,
    Direct,
    Intersection,
    ParameterType,
    Relation,
    Rewrite,
    Source,
    TupleToUserset,
    TypeRestriction,
    Union,
)
from authz.dsl.parsed import (
    MAX_NESTING,
    MAX_PROBLEMS,
    NOWHERE,
    ParsedCondition,
    ParsedModel,
    ParsedRelation,
    ParsedType,
    problem_at,
)
from authz.errors import InvalidModel, ModelProblem

T = TypeVar("T")


def read_json(value: Mapping[str, Any]) -> ParsedModel:
    """Read a model without judging its meaning; nothing in it has a position.

    Raises InvalidModel (code ``invalid-syntax``) with every type, relation and condition that has not the shape of one.
    """
    problems: list[ModelProblem] = []
    root = _mapping(value, "the model")
    types = _sequence(_field(root, "type_definitions"), "type_definitions")
    conditions = _mapping(_field(root, "conditions"), "conditions")
    parsed = ParsedModel(
        schema_version=_text(_field(root, "schema_version"), "schema_version"),
        schema_at=NOWHERE,
        types=tuple(_each(types, lambda item: _read_type(item, problems), problems)),
        conditions=tuple(_each(conditions.items(), lambda item: _read_condition(*item), problems)),
    )
    if problems:
        raise InvalidModel(problems[:MAX_PROBLEMS])
    return parsed


def _each(items: Iterable[Any], read: Callable[[Any], T], problems: list[ModelProblem]) -> list[T]:
    """Read every item; those that fail are left out and noted."""
    found: list[T] = []
    for item in items:
        try:
            found.append(read(item))
        except InvalidModel as error:
            problems.extend(error.problems)
    return found


def _wrong(message: str) -> InvalidModel:
    return InvalidModel([problem_at("invalid-syntax", message, NOWHERE)])


def _field(value: Mapping[str, Any], name: str) -> Any:
    """Return a field by its snake_case name or, as protobuf allows, by its camelCase one."""
    head, *rest = name.split("_")
    return value.get(name, value.get(head + "".join(word.capitalize() for word in rest)))


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise _wrong(f"{where}: expected an object")
    return value


def _sequence(value: Any, where: str) -> Sequence[Any]:
    if value is None:
        return ()
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise _wrong(f"{where}: expected a list")
    return value


def _text(value: Any, where: str, *, required: bool = False) -> str:
    if value is None or value == "":
        if required:
            raise _wrong(f"{where}: expected a text")
        return ""
    if not isinstance(value, str):
        raise _wrong(f"{where}: expected a text")
    return value


# types and relations


def _read_type(value: Any, problems: list[ModelProblem]) -> ParsedType:
    item = _mapping(value, "type_definitions")
    name = _text(item.get("type"), "type", required=True)
    metadata = _mapping(item.get("metadata"), f"{name}: metadata")
    details = _mapping(metadata.get("relations"), f"{name}: metadata.relations")
    relations = _mapping(item.get("relations"), f"{name}: relations")
    for key in details.keys() - relations.keys():
        raise _wrong(f"{name}: metadata names the relation {key}, which is not defined")
    read = _each(
        relations.items(), lambda entry: _read_relation(name, entry[0], entry[1], details.get(entry[0])), problems
    )
    return ParsedType(name, NOWHERE, tuple(read), _read_source(metadata, name))


def _read_source(metadata: Mapping[str, Any], where: str) -> Source | None:
    module = _text(metadata.get("module"), f"{where}: module")
    file = _text(_mapping(_field(metadata, "source_info"), f"{where}: source_info").get("file"), f"{where}: file")
    return Source(module, file) if module or file else None


def _read_relation(type_name: str, name: str, rewrite: Any, detail: Any) -> ParsedRelation:
    where = f"{type_name}#{name}"
    metadata = _mapping(detail, where)
    listed = _sequence(_field(metadata, "directly_related_user_types"), where)
    restrictions = tuple(_read_restriction(item, where) for item in listed)
    relation = Relation(name, _read_rewrite(rewrite, where, 0), restrictions, _read_source(metadata, where))
    return ParsedRelation(relation, NOWHERE, (), ())


def _read_restriction(value: Any, where: str) -> TypeRestriction:
    item = _mapping(value, where)
    return TypeRestriction(
        type=_text(item.get("type"), where, required=True),
        relation=_text(item.get("relation"), where) or None,
        wildcard=item.get("wildcard") is not None,
        condition=_text(item.get("condition"), where) or None,
    )


def _read_rewrite(value: Any, where: str, depth: int) -> Rewrite:
    if depth > MAX_NESTING:
        raise _wrong(f"{where}: operators are nested deeper than {MAX_NESTING}")
    item = {key: content for key, content in _mapping(value, where).items() if content is not None}
    if len(item) != 1:
        raise _wrong(f"{where}: expected exactly one of this, computedUserset, tupleToUserset, union, ...")
    [(kind, raw)] = item.items()
    content = _mapping(raw, where)
    match kind:
        case "this":
            return Direct()
        case "computedUserset" | "computed_userset":
            return Computed(_text(content.get("relation"), where, required=True))
        case "tupleToUserset" | "tuple_to_userset":
            tupleset = _mapping(content.get("tupleset"), where).get("relation")
            computed = _mapping(_field(content, "computed_userset"), where).get("relation")
            return TupleToUserset(_text(tupleset, where, required=True), _text(computed, where, required=True))
        case "union":
            return Union(_read_children(content, where, depth))
        case "intersection":
            return Intersection(_read_children(content, where, depth))
        case "difference":
            base, subtract = content.get("base"), content.get("subtract")
            return Difference(_read_rewrite(base, where, depth + 1), _read_rewrite(subtract, where, depth + 1))
    raise _wrong(f"{where}: unknown operator {kind}")


def _read_children(content: Mapping[str, Any], where: str, depth: int) -> tuple[Rewrite, ...]:
    children = tuple(_read_rewrite(item, where, depth + 1) for item in _sequence(content.get("child"), where))
    if not children:
        raise _wrong(f"{where}: an operator without operands")
    return children


# conditions


def _read_condition(key: str, value: Any) -> ParsedCondition:
    where = f"condition {key}"
    item = _mapping(value, where)
    parameters = _mapping(item.get("parameters"), f"{where}: parameters")
    condition = Condition(
        name=_text(item.get("name"), f"{where}: name", required=True),
        parameters=tuple(
            ConditionParameter(name, _read_parameter_type(content, f"{where}: parameter {name}", 0))
            for name, content in parameters.items()
        ),
        expression=_text(item.get("expression"), f"{where}: expression"),
        source=_read_source(_mapping(item.get("metadata"), f"{where}: metadata"), where),
    )
    return ParsedCondition(key, condition, NOWHERE)


def _read_parameter_type(value: Any, where: str, depth: int) -> ParameterType:
    if depth > MAX_NESTING:
        raise _wrong(f"{where}: types are nested deeper than {MAX_NESTING}")
    item = _mapping(value, where)
    full_name = _text(_field(item, "type_name"), where, required=True)
    name = full_name.removeprefix(TYPE_PREFIX).lower()
    if full_name != TYPE_PREFIX + name.upper() or name not in PARAMETER_TYPES:
        raise _wrong(f"{where}: unknown type {full_name}")
    elements = [
        _read_parameter_type(element, where, depth + 1) for element in _sequence(_field(item, "generic_types"), where)
    ]
    wanted = 1 if name in CONTAINERS else 0
    if len(elements) != wanted:
        raise _wrong(f"{where}: {name} takes {wanted} element types, found {len(elements)}")
    return ParameterType(name, *elements)
