"""The authorization model as typed values: what the parser builds, the engine reads and the printer writes.

Mirrors OpenFGA's JSON one to one (``type_definitions``, ``relations``, ``metadata``, ``conditions``), so that the way
there and back loses nothing, module names included. Pure values: validation lives in ``authz.dsl.validate``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Direct:
    """``[user, group#member]``: users named by tuples of this very relation (``this`` in OpenFGA's JSON)."""


@dataclass(frozen=True, slots=True)
class Computed:
    """``editor``: whoever has another relation to the same object."""

    relation: str

    @property
    def text(self) -> str:
        """The operand as it stands in a definition."""
        return self.relation


@dataclass(frozen=True, slots=True)
class TupleToUserset:
    """``viewer from parent``: whoever has ``relation`` to an object that ``tupleset`` points to."""

    tupleset: str
    relation: str

    @property
    def text(self) -> str:
        """The operand as it stands in a definition."""
        return f"{self.relation} from {self.tupleset}"


@dataclass(frozen=True, slots=True)
class Union:
    """``a or b``."""

    children: tuple[Rewrite, ...]


@dataclass(frozen=True, slots=True)
class Intersection:
    """``a and b``."""

    children: tuple[Rewrite, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """``base but not subtract``."""

    base: Rewrite
    subtract: Rewrite


Rewrite = Direct | Computed | TupleToUserset | Union | Intersection | Difference


@dataclass(frozen=True, slots=True)
class TypeRestriction:
    """One entry of a direct list: ``user``, ``user:*``, ``group#member``, each possibly ``with condition``."""

    type: str
    relation: str | None = None
    wildcard: bool = False
    condition: str | None = None

    @property
    def text(self) -> str:
        """The entry as it stands in a direct list."""
        text = f"{self.type}:*" if self.wildcard else self.type
        if self.relation is not None:
            text += f"#{self.relation}"
        return f"{text} with {self.condition}" if self.condition is not None else text


@dataclass(frozen=True, slots=True)
class Source:
    """Where a part of a modular model comes from: the name of its module and the file of it, empty where not told."""

    module: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """``define name: rewrite``; ``restrictions`` is the direct list, empty when there is none.

    ``source`` is set when the relation was added by an ``extend type``; else it comes from where its type comes from.
    """

    name: str
    rewrite: Rewrite
    restrictions: tuple[TypeRestriction, ...] = ()
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class TypeDefinition:
    """``type name`` with its relations in the order of the text; ``source`` is set in a modular model."""

    name: str
    relations: Mapping[str, Relation] = field(default_factory=dict, hash=False)
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class ParameterType:
    """The type of a parameter, one of ``PARAMETER_TYPES``; ``element`` is the ``T`` of ``list<T>`` and ``map<T>``.

    The keys of a map are always texts.
    """

    name: str
    element: ParameterType | None = None

    @property
    def text(self) -> str:
        """The type as it stands in the head of a condition."""
        return self.name if self.element is None else f"{self.name}<{self.element.text}>"


CONTAINERS = frozenset({"map", "list"})
"""Parameter types that have an element type."""

PARAMETER_TYPES = CONTAINERS | {
    *("any", "bool", "string", "int", "uint", "double", "duration", "timestamp", "ipaddress"),
}
"""Every type that a parameter may have."""


@dataclass(frozen=True, slots=True)
class ConditionParameter:
    """``name: type`` of a condition."""

    name: str
    type: ParameterType


@dataclass(frozen=True, slots=True)
class Condition:
    """``condition name(parameters) { expression }``; ``expression`` is CEL text, trimmed."""

    name: str
    parameters: tuple[ConditionParameter, ...]
    expression: str
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class AuthorizationModel:
    """A whole model, types and conditions in the order of the text."""

    schema_version: str
    types: Mapping[str, TypeDefinition] = field(default_factory=dict, hash=False)
    conditions: Mapping[str, Condition] = field(default_factory=dict, hash=False)

    def relation(self, type_name: str, relation: str) -> Relation | None:
        """Return the relation of a type, or None when the model has no such type or relation."""
        definition = self.types.get(type_name)
        return definition.relations.get(relation) if definition else None
