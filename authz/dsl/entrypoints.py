"""Finds relations that nobody can ever have, and relations that are caught in a circle.

A relation can be had when some direct list names a type or wildcard and every needed operand can be had as well: one
of a union, all of an intersection, both sides of ``but not`` (the OpenFGA language asks this of the right side too).
Computed as the least fixed point, so the cost is polynomial however the relations are knotted.

A circle is a relation that leads back to itself on the very same object, through computed operands alone. An OpenFGA
server refuses such a model even where a union would offer another way in, so it is refused here as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from authz.dsl.model import (
    AuthorizationModel,
    Computed,
    Difference,
    Direct,
    Intersection,
    Relation,
    Rewrite,
    TupleToUserset,
    TypeDefinition,
    Union,
)
from authz.dsl.parsed import children_of

RelationKey = tuple[str, str]
"""(type, relation)."""


def unreachable(model: AuthorizationModel) -> list[RelationKey]:
    """Return the relations without an entry point, in the order of the model. Every name in the model is defined."""
    search = _Search(model)
    search.run()
    return [key for key in search.keys if key not in search.reached]


def circular(definition: TypeDefinition) -> set[str]:
    """Return the relations of a type that stand in a circle (or on a way from one circle to another)."""
    edges = {name: set(_computed(relation.rewrite)) for name, relation in definition.relations.items()}
    reverse: dict[str, set[str]] = {name: set() for name in edges}
    for name, targets in edges.items():
        for target in targets:
            reverse[target].add(name)
    return _without_ends(edges, reverse) & _without_ends(reverse, edges)


def _computed(rewrite: Rewrite) -> Iterator[str]:
    if isinstance(rewrite, Computed):
        yield rewrite.relation
    for child in children_of(rewrite):
        yield from _computed(child)


def _without_ends(edges: Mapping[str, set[str]], reverse: Mapping[str, set[str]]) -> set[str]:
    """Return what is left of a graph when nodes without a way on are taken off until none is left."""
    left = {name: len(targets) for name, targets in edges.items()}
    ends = [name for name, count in left.items() if not count]
    while ends:
        end = ends.pop()
        del left[end]
        for source in reverse[end]:
            left[source] -= 1
            if not left[source]:
                ends.append(source)
    return set(left)


class _Search:
    def __init__(self, model: AuthorizationModel) -> None:
        self.model = model
        self.keys = [(t.name, name) for t in model.types.values() for name in t.relations]
        self.reached: set[RelationKey] = set()

    def relation(self, key: RelationKey) -> Relation:
        return self.model.types[key[0]].relations[key[1]]

    def run(self) -> None:
        """Add relations until nothing changes, looking again only at those that an addition can help."""
        dependents: dict[RelationKey, list[RelationKey]] = {}
        for key in self.keys:
            for needed in self._needs(key, self.relation(key).rewrite):
                dependents.setdefault(needed, []).append(key)
        waiting = list(self.keys)
        while waiting:
            key = waiting.pop()
            if key in self.reached or not self._open(key, self.relation(key).rewrite):
                continue
            self.reached.add(key)
            waiting.extend(dependents.get(key, ()))

    def _needs(self, key: RelationKey, rewrite: Rewrite) -> Iterator[RelationKey]:
        """Yield every relation that the answer for ``key`` may depend on."""
        type_name, _ = key
        match rewrite:
            case Direct():
                for restriction in self.relation(key).restrictions:
                    if restriction.relation is not None:
                        yield restriction.type, restriction.relation
            case Computed(name):
                yield type_name, name
            case TupleToUserset(tupleset, name):
                for restriction in self.model.types[type_name].relations[tupleset].restrictions:
                    if name in self.model.types[restriction.type].relations:
                        yield restriction.type, name
            case Union(children) | Intersection(children):
                for child in children:
                    yield from self._needs(key, child)
            case Difference(base, subtract):
                yield from self._needs(key, base)
                yield from self._needs(key, subtract)

    def _open(self, key: RelationKey, rewrite: Rewrite) -> bool:
        match rewrite:
            case Direct():
                if any(item.relation is None for item in self.relation(key).restrictions):
                    return True
            case Union(children):
                return any(self._open(key, child) for child in children)
            case Intersection(children):
                return all(self._open(key, child) for child in children)
            case Difference(base, subtract):
                return self._open(key, base) and self._open(key, subtract)
        return any(needed in self.reached for needed in self._needs(key, rewrite))
