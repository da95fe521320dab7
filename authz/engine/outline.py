"""What a relation asks for, worked out once per model and kind of user: the gates and reads that a check will need.

Branches that can never lead to a user of the kind are left out here, so that a check does not meet them. Relations of
the same object that only add up (``define edits: editor or owns``) become one gate with all their reads, which is what
most of a model is. Tuples and answers do not belong here: see ``authz.engine.network``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

from authz.dsl.model import Computed, Difference, Direct, Intersection, Rewrite, TupleToUserset, Union
from authz.engine.typesystem import Kind, Node, Typesystem, is_pure_union


class Operator(Enum):
    """How a gate combines its children."""

    ANY = auto()
    ALL = auto()
    EXCEPT = auto()


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A read of the tuples of ``relation``.

    ``allowed`` are the kinds that may stand in them without a condition, ``conditional`` those that may with one, and
    its name. ``follow`` is the relation to ask of each object found (``follow from relation``); None where the tuples
    name users of the relation itself.
    """

    relation: str
    allowed: frozenset[Kind]
    conditional: frozenset[tuple[Kind, str]]
    follow: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """One gate: the reads it waits for, other relations of the same object, and gates of its own.

    ``relations`` has those alone that cannot be a part of this gate: they are on a cycle, or more than a union. Of ALL
    and EXCEPT, ``parts`` are the operands and there is nothing else.
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
        self._plain = "#" not in kind
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
            # A userset holds its own relation (``group:g#member`` is a member of g): only ANY has a place for that.
            self._known[node] = found = _without_shell(found) if self._plain else found
            return found

    def _any(self, type_name: str, relation: str, rewrite: Rewrite) -> Outline:
        leaves: dict[tuple[str, str | None], Leaf] = {}
        relations: dict[str, None] = {}
        parts: list[Outline] = []
        merged = {relation}
        todo = [(relation, rewrite)]
        while todo:
            name, part = todo.pop()
            if isinstance(part, Union):
                todo += [(name, child) for child in reversed(part.children)]
            elif isinstance(part, Computed):
                if not self._adds_up(type_name, part.relation):
                    relations[part.relation] = None
                elif part.relation not in merged:
                    merged.add(part.relation)
                    todo.append((part.relation, self._types.relation(type_name, part.relation).rewrite))
            elif isinstance(part, Direct | TupleToUserset):
                leaf = self._leaf(type_name, name, part)
                if leaf is not None:
                    leaves[leaf.relation, leaf.follow] = leaf
            else:
                parts.append(self._operands(type_name, name, part))
        return Outline(Operator.ANY, tuple(leaves.values()), tuple(relations), tuple(parts))

    def _adds_up(self, type_name: str, relation: str) -> bool:
        """Tell whether a relation means the same as a part of the gate that asks for it.

        It does where it is a union and on no cycle: a cycle has to be seen as one. A userset that holds the relation by
        itself would be overlooked, so that none is merged where usersets are asked about.
        """
        node = f"{type_name}#{relation}"
        rewrite = self._types.relation(type_name, relation).rewrite
        return self._plain and is_pure_union(rewrite) and node not in self._types.led_to(node)

    def _operands(self, type_name: str, relation: str, rewrite: Intersection | Difference) -> Outline:
        if isinstance(rewrite, Intersection):
            operator, operands = Operator.ALL, rewrite.children
        else:
            operator, operands = Operator.EXCEPT, (rewrite.base, rewrite.subtract)
        return Outline(
            operator, parts=tuple(_without_shell(self._any(type_name, relation, operand)) for operand in operands)
        )

    def _leaf(self, type_name: str, relation: str, leaf: Direct | TupleToUserset) -> Leaf | None:
        if isinstance(leaf, Direct):
            read, follow = relation, None
            named = self._types.kinds[f"{type_name}#{relation}"]
            matters = not named.isdisjoint(self._kinds) or not self.nodes.isdisjoint(named)
        else:
            read, follow = leaf.tupleset, leaf.relation
            matters = not self.nodes.isdisjoint(self._types.targets(type_name, read, leaf))
        if not matters:
            return None
        node = f"{type_name}#{read}"
        return Leaf(read, self._types.unconditional[node], self._types.conditional[node], follow)


def _without_shell(outline: Outline) -> Outline:
    """Return what stands in an outline, if that is one part and nothing else."""
    bare = not outline.leaves and not outline.relations and len(outline.parts) == 1
    return outline.parts[0] if bare and outline.operator is Operator.ANY else outline


@lru_cache(maxsize=256)
def outlines_of(typesystem: Typesystem, kind: Kind) -> Outlines:
    """Return the outlines of a model for users of ``kind``; the last few are remembered."""
    return Outlines(typesystem, kind)
