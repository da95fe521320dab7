"""Writes a model as text, in the form ``fga model transform`` writes it, but in the model's own order.

Comments do not survive: the model does not hold them. Of a modular model one text is written, in which comments tell
the modules; the text of each module is ``authz.dsl.module_printer``'s.
"""

from __future__ import annotations

from dataclasses import replace

from authz.dsl.model import (
    AuthorizationModel,
    Computed,
    Condition,
    Difference,
    Direct,
    Intersection,
    Relation,
    Rewrite,
    Source,
    TupleToUserset,
    TypeDefinition,
    Union,
)
from authz.dsl.parser import parse_text
from authz.errors import InvalidModel, ModelProblem


def to_text(model: AuthorizationModel) -> str:
    """Return the canonical text of a model; reading it gives ``canonical(model)`` again, without module names.

    The language can say less than JSON: a direct list stands first and once, names are words, a condition holds no
    ``}``. Raises InvalidModel (code ``unsupported-nesting`` or ``invalid-syntax``) rather than write another model.
    """
    wanted = canonical(model)
    blocks = [f"model\n  schema {wanted.schema_version}\n"]
    blocks += [type_text(definition, comments=True) for definition in wanted.types.values()]
    blocks += [condition_text(condition, comments=True) for condition in wanted.conditions.values()]
    text = "\n".join(blocks)
    if parse_text(text).model() != without_sources(wanted):
        raise unspeakable()
    return text


def unspeakable() -> InvalidModel:
    """Return the error of a model that no text can hold."""
    message = "the model cannot be written in the model language without changing it"
    return InvalidModel([ModelProblem("unsupported-nesting", message, 0, 0)])


def canonical(model: AuthorizationModel) -> AuthorizationModel:
    """Return the same model as the language would say it: a direct list first, no operator with a single operand."""
    return AuthorizationModel(
        schema_version=model.schema_version,
        types={
            key: replace(
                definition,
                relations={
                    name: replace(relation, rewrite=_canonical(relation.rewrite))
                    for name, relation in definition.relations.items()
                },
            )
            for key, definition in model.types.items()
        },
        conditions={key: replace(item, expression=item.expression.strip()) for key, item in model.conditions.items()},
    )


def without_sources(model: AuthorizationModel) -> AuthorizationModel:
    """Return the same model as if it had never had modules."""
    return AuthorizationModel(
        schema_version=model.schema_version,
        types={
            key: TypeDefinition(
                definition.name,
                {name: replace(relation, source=None) for name, relation in definition.relations.items()},
            )
            for key, definition in model.types.items()
        },
        conditions={key: replace(item, source=None) for key, item in model.conditions.items()},
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


def type_text(definition: TypeDefinition, *, extends: bool = False, comments: bool = False) -> str:
    """Return the block of a type; ``comments`` tells behind its name and its relations where they come from."""
    lines = [f"{'extend ' if extends else ''}type {definition.name}"]
    if comments and definition.source:
        lines[0] += f" # {_source_text(definition.source)}"
    if definition.relations:
        lines.append("  relations")
    for relation in definition.relations.values():
        line = f"    {relation_text(relation)}"
        if comments and relation.source:
            line += f" # extended by: {_source_text(relation.source)}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def relation_text(relation: Relation) -> str:
    """Return the definition of a relation, in one line: ``define viewer: [user] or editor``."""
    return f"define {relation.name}: {_rewrite_text(relation, relation.rewrite, outermost=True)}"


def _source_text(source: Source) -> str:
    return f"module: {source.module}, file: {source.file}"


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


def condition_text(condition: Condition, *, comments: bool = False) -> str:
    """Return the block of a condition; ``comments`` tells behind it where it comes from."""
    parameters = ", ".join(f"{item.name}: {item.type.text}" for item in condition.parameters)
    comment = f" # {_source_text(condition.source)}" if comments and condition.source else ""
    return f"condition {condition.name}({parameters}) {{\n  {condition.expression}\n}}{comment}\n"
