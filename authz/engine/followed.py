"""Which structural edges a question can follow: what has to be told with it, and what would have to be looked up.

The model alone is looked at. Edges *of* the object that is asked about differ from those *beyond* it, of the objects
that an edge has led to: in a flat model nobody needs to know what lies above an ancestor.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from authz.dsl.model import Computed, Direct
from authz.engine.plan import Edge
from authz.engine.typesystem import Node, Typesystem, leaves


@dataclass(frozen=True, slots=True)
class Followed:
    """Structural edges, as ``(type, tupleset)``: ``own`` of the objects asked about, ``beyond`` of those behind them.

    ``elsewhere``: a stored tuple may lead to any object of the tree, whose place the question cannot tell.
    """

    own: frozenset[Edge]
    beyond: frozenset[Edge]
    elsewhere: bool


def followed(types: Typesystem, structural: Collection[Edge], asked: Iterable[tuple[str, str]]) -> Followed:
    """Return what questions about ``asked``, as ``(type, relation)``, follow. Raises UnknownType, UnknownRelation."""
    own: set[Edge] = set()
    beyond: set[Edge] = set()
    elsewhere = False
    todo: list[tuple[str, str, bool, bool]] = [(type_name, relation, False, False) for type_name, relation in asked]
    seen = set(todo)
    while todo:
        type_name, relation, far, away = todo.pop()
        for leaf in leaves(types.relation(type_name, relation).rewrite):
            state = (far, away)
            if isinstance(leaf, Direct):
                state = (True, True)
            elif not isinstance(leaf, Computed):
                edge = (type_name, leaf.tupleset)
                if edge in structural:
                    (beyond if far else own).add(edge)
                    elsewhere = elsewhere or away
                    state = (True, away)
                else:
                    state = (True, True)
            for node in types.targets(type_name, relation, leaf):
                if node in types.kinds and (reached := (*_split(node), *state)) not in seen:
                    seen.add(reached)
                    todo.append(reached)
    return Followed(frozenset(own), frozenset(beyond), elsewhere)


def _split(node: Node) -> tuple[str, str]:
    type_name, _, relation = node.partition("#")
    return type_name, relation
