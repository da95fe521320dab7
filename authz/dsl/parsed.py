"""``ParsedModel``: a model as it was read, with duplicates kept and a position for everything that can be wrong.

The values of ``authz.dsl.model`` stay clean of positions, so that two equal models compare equal wherever they came
from. What the parser and the JSON reader know beyond that stands here. No rules: they live in ``authz.dsl.validate``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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
from authz.errors import ModelProblem

MAX_NESTING = 100
"""Deepest allowed nesting of parentheses (and of operators in JSON): far beyond use, far below the recursion limit."""

MAX_MODEL_BYTES = 256 * 1024
"""Largest model text in bytes of UTF-8, as in an OpenFGA server; of a modular model all its files together."""

MAX_PROBLEMS = 1000
"""Most problems that are reported of one model; a text of 256 KiB could have millions."""

Leaf = Direct | Computed | TupleToUserset


@dataclass(frozen=True, slots=True)
class Position:
    """Where something stands: 1-based line and column; 0, 0 when there is no text (a model read from JSON).

    ``file`` is empty unless the model has several.
    """

    line: int = 0
    column: int = 0
    file: str = ""

    def within(self, line: int, column: int) -> Position:
        """Return the place that is ``line`` and ``column`` (1-based) of a text that begins here; nowhere in nowhere."""
        if not self.line:
            return self
        return Position(self.line + line - 1, column + (self.column - 1 if line == 1 else 0), self.file)


NOWHERE = Position()


def problem_at(code: str, message: str, at: Position) -> ModelProblem:
    """Return a problem at a position."""
    return ModelProblem(code, message, at.line, at.column, at.file)


def in_order(problems: Iterable[ModelProblem]) -> list[ModelProblem]:
    """Return the problems in the order of the text, file by file, and no more than MAX_PROBLEMS."""
    return sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column))[:MAX_PROBLEMS]


@dataclass(frozen=True, slots=True)
class LeafPosition:
    """Where an operand begins, and where the name behind ``from`` stands if it has one."""

    at: Position = NOWHERE
    tupleset: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class RestrictionPosition:
    """Where an entry of a direct list begins, and where its condition's name stands if it has one."""

    at: Position = NOWHERE
    condition: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class ParsedRelation:
    """A relation; ``leaves`` follow ``leaves_of(relation.rewrite)``, ``restrictions`` follow the direct list."""

    relation: Relation
    at: Position
    leaves: tuple[LeafPosition, ...]
    restrictions: tuple[RestrictionPosition, ...]


@dataclass(frozen=True, slots=True)
class ParsedType:
    """A type definition with its relations in the order of the text; ``at`` is the place of its name.

    ``extends`` marks an ``extend type``, which only a single module can hold, never a whole model.
    """

    name: str
    at: Position
    relations: tuple[ParsedRelation, ...] = ()
    source: Source | None = None
    extends: bool = False


@dataclass(frozen=True, slots=True)
class ParsedCondition:
    """A condition under the ``key`` it is filed under (in a text always its own name).

    ``at`` is the place of its name, ``expression_at`` where its expression begins.
    """

    key: str
    condition: Condition
    at: Position
    expression_at: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class ParsedModel:
    """Everything that was read. ``schema_version`` is empty when the source names none.

    ``module`` is the name in a ``module`` header: then this is a part of a model, and no whole one. ``problems`` were
    found when modules were put together.
    """

    schema_version: str
    schema_at: Position
    types: tuple[ParsedType, ...] = ()
    conditions: tuple[ParsedCondition, ...] = ()
    module: str | None = None
    problems: tuple[ModelProblem, ...] = ()

    def model(self) -> AuthorizationModel:
        """Return the plain model. Of two types, relations or conditions with one name the later one stays."""
        return AuthorizationModel(
            schema_version=self.schema_version,
            types={
                item.name: TypeDefinition(item.name, {r.relation.name: r.relation for r in item.relations}, item.source)
                for item in self.types
            },
            conditions={item.key: item.condition for item in self.conditions},
        )


def children_of(rewrite: Rewrite) -> tuple[Rewrite, ...]:
    """Return the operands of a rewrite from left to right; a leaf has none."""
    match rewrite:
        case Union(children) | Intersection(children):
            return children
        case Difference(base, subtract):
            return (base, subtract)
        case _:
            return ()


def leaves_of(rewrite: Rewrite) -> list[Leaf]:
    """Return the operands that name something, from left to right."""
    if isinstance(rewrite, Direct | Computed | TupleToUserset):
        return [rewrite]
    return [leaf for child in children_of(rewrite) for leaf in leaves_of(child)]
