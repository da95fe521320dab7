"""What a relation asks for, worked out once per model and kind of user: the gates and reads that a check will need.

Branches that can never lead to a user of the kind are left out here, so that a check does not meet them. Tuples and
answers do not belong here: see ``authz.engine.network``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

from authz.dsl.model import Computed, Difference, Direct, Intersection, Rewrite, TupleToUserset, Union
from authz.engine.typesystem import Kind, Node, Typesystem


class Operator(Enum):
    """How a gate combines its children."""

    ANY = auto()
    ALL = auto()
    EXCEPT = auto()


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A read of the tuples of ``relation``. ``allowed`` are the kinds that may stand in them.

    ``follow`` is the relation to ask of each object found (``follow from relation``); None where the tuples name users
    of the relation itself.
    """

    relation: str
    allowed: frozenset[Kind]
    follow: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """One gate: the reads it waits for, other relations of the same object, and gates of its own.

    Of ALL and EXCEPT, ``parts`` are the operands and there is nothing else.
    """

    operator: Operator
    leaves: tuple[Leaf, ...] = ()
    relations: tuple[str, ...] = ()
    parts: tuple[Outline, ...] = ()


class Outlines:
    """The outlines of one model for users of one kind. Share it: it only remembers."""

    def __init__(self, typesystem: Typesystem, kind: Kind) -> None:
        self.nodes = typesystem.reaching(kind)
        """The nodes that can be true for such a user."""
        self._types = typesystem
        self._kinds = typesystem.matching_kinds(kind)
        self._known: dict[Node, Outline] = {}

    def of(self, node: Node) -> Outline:
        """Return the outline of ``type#relation``. Raises UnknownType or UnknownRelation.

        Also of one that can be true for nobody of the kind: it reads nothing, but where it leads back to itself that is
        a cycle, and a cycle is no "no" to ``but not``.
        """
        try:
            return self._known[node]
        except KeyError:
            type_name, _, relation = node.partition("#")
            found = self._any(type_name, relation, self._types.relation(type_name, relation).rewrite)
            self._known[node] = found
            return found

    def _any(self, type_name: str, relation: str, rewrite: Rewrite) -> Outline:
        leaves: list[Leaf] = []
        relations: list[str] = []
        parts: list[Outline] = []
        todo: list[Rewrite] = [rewrite]
        while todo:
            part = todo.pop()
            if isinstance(part, Union):
                todo += reversed(part.children)
            elif isinstance(part, Computed):
                relations.append(part.relation)
            elif isinstance(part, Direct | TupleToUserset):
                leaf = self._leaf(type_name, relation, part)
                if leaf is not None:
                    leaves.append(leaf)
            else:
                parts.append(self._operands(type_name, relation, part))
        return Outline(Operator.ANY, tuple(leaves), tuple(relations), tuple(parts))

    def _operands(self, type_name: str, relation: str, rewrite: Intersection | Difference) -> Outline:
        if isinstance(rewrite, Intersection):
            operator, operands = Operator.ALL, rewrite.children
        else:
            operator, operands = Operator.EXCEPT, (rewrite.base, rewrite.subtract)
        return Outline(operator, parts=tuple(self._any(type_name, relation, operand) for operand in operands))

    def _leaf(self, type_name: str, relation: str, leaf: Direct | TupleToUserset) -> Leaf | None:
        if isinstance(leaf, Direct):
            allowed = self._types.kinds[f"{type_name}#{relation}"]
            matters = not allowed.isdisjoint(self._kinds) or not self.nodes.isdisjoint(allowed)
            return Leaf(relation, allowed, None) if matters else None
        matters = not self.nodes.isdisjoint(self._types.targets(type_name, leaf.tupleset, leaf))
        allowed = self._types.kinds[f"{type_name}#{leaf.tupleset}"]
        return Leaf(leaf.tupleset, allowed, leaf.relation) if matters else None


@lru_cache(maxsize=256)
def outlines_of(typesystem: Typesystem, kind: Kind) -> Outlines:
    """Return the outlines of a model for users of ``kind``; the last few are remembered."""
    return Outlines(typesystem, kind)
