"""Which contextual tuples of a question can matter to it: OpenFGA takes 100 with a question, a page brings thousands.

Followed is the model, from the relation that is asked for. Along an edge that the application answers for, the tuples
of the question say which objects come next. Everywhere else stored tuples, which are not known here, may lead to any
object of a type; then all contextual tuples on such objects matter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from authz.dsl.model import Computed, Direct, TupleToUserset
from authz.engine.typesystem import Typesystem, leaves, type_of
from authz.types import TupleKey

MAX_CONTEXTUAL = 100
"""Contextual tuples of one question: OpenFGA's limit."""

_State = tuple[str | None, str, str]
"""An object (None: any of the type), its type, and a relation of it."""


class ContextualTuples:
    """The contextual tuples of some questions, by the object and relation they stand on."""

    def __init__(self, types: Typesystem, structural: Collection[tuple[str, str]], keys: Iterable[TupleKey]) -> None:
        self._types = types
        self._structural = structural
        self._on: dict[tuple[str, str], list[TupleKey]] = {}
        self._of: dict[tuple[str, str], list[TupleKey]] = {}
        for key in dict.fromkeys(keys):
            self._on.setdefault((key.object, key.relation), []).append(key)
            self._of.setdefault((type_of(key.object), key.relation), []).append(key)

    def relevant(self, object: str, relation: str) -> list[TupleKey]:
        """Return those that can matter to the question whether somebody has ``relation`` to ``object``."""
        return self._follow((object, type_of(object), relation))

    def relevant_of_type(self, type_name: str, relation: str) -> list[TupleKey]:
        """Return those that can matter to the question to which objects of a type somebody has ``relation``."""
        return self._follow((None, type_name, relation))

    def _follow(self, start: _State) -> list[TupleKey]:
        if not self._on:
            return []
        found: dict[TupleKey, None] = {}
        seen = {start}
        todo = [start]
        while todo:
            name, type_name, relation = todo.pop()
            for leaf in leaves(self._types.relation(type_name, relation).rewrite):
                read = relation if isinstance(leaf, Direct) else None if isinstance(leaf, Computed) else leaf.tupleset
                here = self._standing(name, type_name, read) if read is not None else ()
                found.update(dict.fromkeys(here))
                for state in self._next(name, type_name, leaf, relation, here):
                    if state not in seen:
                        seen.add(state)
                        todo.append(state)
        return list(found)

    def _standing(self, name: str | None, type_name: str, relation: str) -> Sequence[TupleKey]:
        if name is None:
            return self._of.get((type_name, relation), ())
        return self._on.get((name, relation), ())

    def _next(
        self,
        name: str | None,
        type_name: str,
        leaf: Direct | Computed | TupleToUserset,
        relation: str,
        here: Sequence[TupleKey],
    ) -> Iterable[_State]:
        if isinstance(leaf, Computed):
            yield name, type_name, leaf.relation
            return
        nodes = [node for node in self._types.targets(type_name, relation, leaf) if "#" in node]
        if isinstance(leaf, TupleToUserset) and (type_name, leaf.tupleset) in self._structural and name is not None:
            for key in here:
                if f"{type_of(key.user)}#{leaf.relation}" in nodes:
                    yield key.user, type_of(key.user), leaf.relation
            return
        for node in nodes:
            yield None, *_split(node)


def _split(node: str) -> tuple[str, str]:
    type_name, _, relation = node.partition("#")
    return type_name, relation
