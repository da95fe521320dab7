"""Which structural edges a question can follow: what has to be told with it, and what would have to be looked up.

The model alone is looked at. Edges *of* the object that is asked about differ from those *beyond* it, of the objects
that an edge has led to: in a flat model nobody needs to know what lies above an ancestor.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from authz.dsl.model import Computed, Direct
from authz.engine.plan import Edge
from authz.engine.typesystem import Typesystem, leaves

Told = tuple[str, str, str]
"""``(type, tupleset, target type)``: what a tuple of the edge has to look like for the model to take it."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Structural edges: ``own`` of the objects asked about, ``beyond`` of those that edges have led to.

    ``elsewhere``: a stored tuple may lead to any object of the tree, whose place the question cannot tell.
    """

    own: frozenset[Told]
    beyond: frozenset[Told]
    elsewhere: bool

    @property
    def any(self) -> bool:
        """Whether any edge is followed: then a list, which names no object to tell the place of, needs the rows."""
        return bool(self.own or self.beyond)


def known(types: Typesystem, structural: Collection[Edge]) -> Followed:
    """Return every structural edge that the model has: enough for any question."""
    found = frozenset(
        (type_name, tupleset, kind)
        for type_name, tupleset in structural
        for kind in types.unconditional.get(f"{type_name}#{tupleset}", ())
    )
    return Followed(found, found, elsewhere=True)


def followed(types: Typesystem, structural: Collection[Edge], asked: Iterable[tuple[str, str]]) -> Followed:
    """Return what questions about ``asked``, as ``(type, relation)``, follow; nothing for what the model lacks."""
    own: set[Told] = set()
    beyond: set[Told] = set()
    elsewhere = False
    todo = [(*pair, False, False) for pair in asked if types.model.relation(*pair) is not None]
    seen = set(todo)
    while todo:
        type_name, relation, far, away = todo.pop()
        for leaf in leaves(types.relation(type_name, relation).rewrite):
            state = (far, away)
            nodes = [node for node in types.targets(type_name, relation, leaf) if node in types.kinds]
            if not isinstance(leaf, Direct | Computed) and (type_name, leaf.tupleset) in structural:
                kinds = {node.partition("#")[0] for node in nodes} & types.unconditional[f"{type_name}#{leaf.tupleset}"]
                (beyond if far else own).update((type_name, leaf.tupleset, kind) for kind in kinds)
                elsewhere = elsewhere or away
                state = (True, away)
            elif not isinstance(leaf, Computed):
                state = (True, True)
            for node in nodes:
                reached_type, _, reached = node.partition("#")
                if (place := (reached_type, reached, *state)) not in seen:
                    seen.add(place)
                    todo.append(place)
    return Followed(frozenset(own), frozenset(beyond), elsewhere)
