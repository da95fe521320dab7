"""Reads and writes OpenFGA's JSON shape of a model, the one its API and ``fga model transform`` speak.

Only the shape is judged here (kinds of values, known names of fields that matter); meaning is the validator's. Fields
without content, which some clients add (``"relation": ""``, ``"metadata": null``), count as absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from authz.dsl.model import (
    AuthorizationModel,
    Computed,
    Condition,
    ConditionParameter,
    Difference,
    Direct,
    Intersection,
    Relation,
    Rewrite,
    TupleToUserset,
    TypeDefinition,
    TypeRestriction,
    Union,
)
from authz.dsl.parsed import MAX_NESTING, NOWHERE, ParsedCondition, ParsedModel, ParsedRelation, ParsedType
from authz.errors import InvalidModel, ModelProblem

_PREFIX = "TYPE_NAME_"


# writing


def to_json(model: AuthorizationModel) -> dict[str, Any]:
    """Return the model as plain dicts and lists, ready for ``json.dumps``; ``from_json`` gives the same model back."""
    value: dict[str, Any] = {
        "schema_version": model.schema_version,
        "type_definitions": [_type_json(definition) for definition in model.types.values()],
    }
    if model.conditions:
        value["conditions"] = {key: _condition_json(item) for key, item in model.conditions.items()}
    return value


def _type_json(definition: TypeDefinition) -> dict[str, Any]:
    if not definition.relations:
        return {"type": definition.name}
    relations = definition.relations.values()
    return {
        "type": definition.name,
        "relations": {item.name: _rewrite_json(item.rewrite) for item in relations},
        "metadata": {"relations": {item.name: _relation_metadata(item) for item in relations}},
    }


def _relation_metadata(relation: Relation) -> dict[str, Any]:
    if not relation.restrictions:
        return {}
    return {"directly_related_user_types": [_restriction_json(item) for item in relation.restrictions]}


def _restriction_json(restriction: TypeRestriction) -> dict[str, Any]:
    value: dict[str, Any] = {"type": restriction.type}
    if restriction.relation is not None:
        value["relation"] = restriction.relation
    if restriction.wildcard:
        value["wildcard"] = {}
    if restriction.condition is not None:
        value["condition"] = restriction.condition
    return value


def _rewrite_json(rewrite: Rewrite) -> dict[str, Any]:
    match rewrite:
        case Direct():
            return {"this": {}}
        case Computed(name):
            return {"computedUserset": {"relation": name}}
        case TupleToUserset(tupleset, name):
            return {"tupleToUserset": {"tupleset": {"relation": tupleset}, "computedUserset": {"relation": name}}}
        case Union(children):
            return {"union": {"child": [_rewrite_json(child) for child in children]}}
        case Intersection(children):
            return {"intersection": {"child": [_rewrite_json(child) for child in children]}}
        case Difference(base, subtract):
            return {"difference": {"base": _rewrite_json(base), "subtract": _rewrite_json(subtract)}}


def _condition_json(condition: Condition) -> dict[str, Any]:
    return {
        "name": condition.name,
        "expression": condition.expression,
        "parameters": {item.name: _parameter_json(item) for item in condition.parameters},
    }


def _parameter_json(parameter: ConditionParameter) -> dict[str, Any]:
    value: dict[str, Any] = {"type_name": _PREFIX + parameter.type.upper()}
    if parameter.generics:
        value["generic_types"] = [{"type_name": _PREFIX + item.upper()} for item in parameter.generics]
    return value


# reading


def read_json(value: Mapping[str, Any]) -> ParsedModel:
    """Read a model without judging its meaning; nothing in it has a position.

    Raises InvalidModel (code ``invalid-syntax``) when the value has not the shape of a model, or when it belongs to a
    modular model: its module names would be lost.
    """
    root = _mapping(value, "the model")
    types = [_read_type(item) for item in _sequence(_field(root, "type_definitions"), "type_definitions")]
    conditions = _mapping(_field(root, "conditions"), "conditions")
    return ParsedModel(
        schema_version=_text(_field(root, "schema_version"), "schema_version"),
        schema_at=NOWHERE,
        types=tuple(types),
        conditions=tuple(_read_condition(key, item) for key, item in conditions.items()),
    )


def _wrong(message: str) -> InvalidModel:
    return InvalidModel([ModelProblem("invalid-syntax", message, 0, 0)])


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


def _read_type(value: Any) -> ParsedType:
    item = _mapping(value, "type_definitions")
    name = _text(item.get("type"), "type", required=True)
    metadata = _mapping(item.get("metadata"), f"{name}: metadata")
    _refuse_module(metadata, name)
    details = _mapping(metadata.get("relations"), f"{name}: metadata.relations")
    relations = _mapping(item.get("relations"), f"{name}: relations")
    for key in details.keys() - relations.keys():
        raise _wrong(f"{name}: metadata names the relation {key}, which is not defined")
    return ParsedType(
        name, NOWHERE, tuple(_read_relation(name, key, rewrite, details.get(key)) for key, rewrite in relations.items())
    )


def _refuse_module(metadata: Mapping[str, Any], where: str) -> None:
    if metadata.get("module"):
        raise _wrong(f"{where}: modules are not supported")


def _read_relation(type_name: str, name: str, rewrite: Any, detail: Any) -> ParsedRelation:
    where = f"{type_name}#{name}"
    metadata = _mapping(detail, where)
    _refuse_module(metadata, where)
    listed = _sequence(_field(metadata, "directly_related_user_types"), where)
    restrictions = tuple(_read_restriction(item, where) for item in listed)
    return ParsedRelation(Relation(name, _read_rewrite(rewrite, where, 0), restrictions), NOWHERE, (), ())


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


def _read_condition(key: str, value: Any) -> ParsedCondition:
    item = _mapping(value, f"condition {key}")
    _refuse_module(_mapping(item.get("metadata"), f"condition {key}"), f"condition {key}")
    parameters = _mapping(item.get("parameters"), f"condition {key}: parameters")
    condition = Condition(
        name=_text(item.get("name"), f"condition {key}: name", required=True),
        parameters=tuple(_read_parameter(name, content) for name, content in parameters.items()),
        expression=_text(item.get("expression"), f"condition {key}: expression", required=True),
    )
    return ParsedCondition(key, condition, NOWHERE)


def _read_parameter(name: str, value: Any) -> ConditionParameter:
    where = f"parameter {name}"
    item = _mapping(value, where)
    generics = _sequence(_field(item, "generic_types"), where)
    return ConditionParameter(
        name,
        _read_type_name(item, where),
        tuple(_read_type_name(_mapping(generic, where), where) for generic in generics),
    )


def _read_type_name(item: Mapping[str, Any], where: str) -> str:
    name = _text(_field(item, "type_name"), where, required=True)
    if not name.startswith(_PREFIX):
        raise _wrong(f"{where}: unknown type {name}")
    return name.removeprefix(_PREFIX).lower()
