"""Writes OpenFGA's JSON shape of a model, the one its API and ``fga model transform`` speak.

Reading it is ``authz.dsl.json_reader``.
"""

from __future__ import annotations

from typing import Any

from authz.dsl.model import (
    AuthorizationModel,
    Computed,
    Condition,
    Difference,
    Direct,
    Intersection,
    ParameterType,
    Relation,
    Rewrite,
    Source,
    TupleToUserset,
    TypeDefinition,
    TypeRestriction,
    Union,
)

TYPE_PREFIX = "TYPE_NAME_"
"""What stands before the name of a parameter type, in capitals."""


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
    value: dict[str, Any] = {"type": definition.name}
    metadata = _source_json(definition.source)
    if definition.relations:
        relations = definition.relations.values()
        value["relations"] = {item.name: _rewrite_json(item.rewrite) for item in relations}
        metadata["relations"] = {item.name: _relation_metadata(item) for item in relations}
    if metadata:
        value["metadata"] = metadata
    return value


def _source_json(source: Source | None) -> dict[str, Any]:
    if source is None:
        return {}
    value: dict[str, Any] = {}
    if source.module:
        value["module"] = source.module
    if source.file:
        value["source_info"] = {"file": source.file}
    return value


def _relation_metadata(relation: Relation) -> dict[str, Any]:
    value = _source_json(relation.source)
    if relation.restrictions:
        value["directly_related_user_types"] = [_restriction_json(item) for item in relation.restrictions]
    return value


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
    value: dict[str, Any] = {"name": condition.name, "expression": condition.expression}
    if condition.parameters:
        value["parameters"] = {item.name: _parameter_type_json(item.type) for item in condition.parameters}
    if metadata := _source_json(condition.source):
        value["metadata"] = metadata
    return value


def _parameter_type_json(kind: ParameterType) -> dict[str, Any]:
    value: dict[str, Any] = {"type_name": TYPE_PREFIX + kind.name.upper()}
    if kind.element is not None:
        value["generic_types"] = [_parameter_type_json(kind.element)]
    return value
