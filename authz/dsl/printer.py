"""Writes a model as text, in the form ``fga model transform`` writes it, but in the model's own order.

Comments do not survive: the model does not hold them.
"""

from __future__ import annotations

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
    Union,
)
from authz.dsl.parser import parse_text
from authz.errors import InvalidModel, ModelProblem


def to_text(model: AuthorizationModel) -> str:
    """Return the canonical text of a model; reading it gives ``canonical(model)`` again.

    The language can say less than JSON: a direct list stands first and once, names are words, a condition holds no
    ``}``. Raises InvalidModel (code ``unsupported-nesting`` or ``invalid-syntax``) rather than write another model.
    """
    wanted = canonical(model)
    blocks = [f"model\n  schema {wanted.schema_version}\n"]
    blocks += [_type_text(definition) for definition in wanted.types.values()]
    blocks += [_condition_text(condition) for condition in wanted.conditions.values()]
    text = "\n".join(blocks)
    if parse_text(text).model() != wanted:
        message = "the model cannot be written in the model language without changing it"
        raise InvalidModel([ModelProblem("unsupported-nesting", message, 0, 0)])
    return text


def canonical(model: AuthorizationModel) -> AuthorizationModel:
    """Return the same model as the language would say it: a direct list first, no operator with a single operand."""
    return AuthorizationModel(
        schema_version=model.schema_version,
        types={
            key: TypeDefinition(
                definition.name,
                {
                    name: Relation(relation.name, _canonical(relation.rewrite), relation.restrictions)
                    for name, relation in definition.relations.items()
                },
            )
            for key, definition in model.types.items()
        },
        conditions={
            key: Condition(item.name, item.parameters, item.expression.strip())
            for key, item in model.conditions.items()
        },
    )


def _canonical(rewrite: Rewrite) -> Rewrite:
    match rewrite:
        case Union(children) | Intersection(children):
            operands = tuple(sorted((_canonical(child) for child in children), key=_goes_behind))
            return operands[0] if len(operands) == 1 else type(rewrite)(operands)
        case Difference(base, subtract):
            return Difference(_canonical(base), _canonical(subtract))
        case _:
            return rewrite


def _goes_behind(operand: Rewrite) -> bool:
    """Sort key that puts the operand with the direct list first and leaves the others in their order."""
    match operand:
        case Direct():
            return False
        case Union(children) | Intersection(children):
            return all(_goes_behind(child) for child in children)
        case Difference(base, _):
            return _goes_behind(base)
        case _:
            return True


def _type_text(definition: TypeDefinition) -> str:
    lines = [f"type {definition.name}"]
    if definition.relations:
        lines.append("  relations")
    for relation in definition.relations.values():
        lines.append(f"    define {relation.name}: {_rewrite_text(relation, relation.rewrite, outermost=True)}")
    return "\n".join(lines) + "\n"


def _rewrite_text(relation: Relation, rewrite: Rewrite, *, outermost: bool = False) -> str:
    match rewrite:
        case Direct():
            return f"[{', '.join(item.text for item in relation.restrictions)}]"
        case Computed() | TupleToUserset():
            return rewrite.text
        case Union(children):
            text = " or ".join(_rewrite_text(relation, child) for child in children)
        case Intersection(children):
            text = " and ".join(_rewrite_text(relation, child) for child in children)
        case Difference(base, subtract):
            text = f"{_rewrite_text(relation, base)} but not {_rewrite_text(relation, subtract)}"
    return text if outermost else f"({text})"


def _condition_text(condition: Condition) -> str:
    parameters = ", ".join(f"{item.name}: {_parameter_text(item)}" for item in condition.parameters)
    return f"condition {condition.name}({parameters}) {{\n  {condition.expression}\n}}\n"


def _parameter_text(parameter: ConditionParameter) -> str:
    return f"{parameter.type}<{', '.join(parameter.generics)}>" if parameter.generics else parameter.type
