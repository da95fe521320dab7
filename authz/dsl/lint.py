"""Finds what is valid today and will be refused by OpenFGA's coming resolver ("weighted graph").

Source of the rules: pkg/go/graph in openfga/language, which that resolver builds before it answers. Advice, not
errors: today's servers, and our engine, take such a model. Asked of a valid model only.

- ``incomplete-tupleset``: in ``X from Y`` every type of ``Y`` must have the relation ``X``, not only one of them.
- ``constrained-cycle``: an operand of ``and`` or ``but not`` leads back to the relation it stands in.
- ``empty-intersection``: no type of user can be in all operands of an ``and``.
- ``empty-exclusion``: ``X from Y but not X from Y`` inside of another expression, where ``Y`` lists one type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from authz.dsl.entrypoints import RelationKey
from authz.dsl.model import (
    AuthorizationModel,
    Computed,
    Difference,
    Direct,
    Intersection,
    Rewrite,
    TupleToUserset,
    Union,
)
from authz.dsl.parsed import (
    Leaf,
    LeafPosition,
    ParsedModel,
    ParsedRelation,
    ParsedType,
    Position,
    children_of,
    in_order,
    leaves_of,
    problem_at,
)
from authz.errors import ModelProblem

_NO_LEAF = LeafPosition()


def lint(parsed: ParsedModel) -> list[ModelProblem]:
    """Return the warnings about a valid model, in the order of the text."""
    model = parsed.model()
    targets = {
        (definition.name, relation.name): [
            key for leaf in leaves_of(relation.rewrite) for key in _targets(model, definition.name, relation.name, leaf)
        ]
        for definition in model.types.values()
        for relation in definition.relations.values()
    }
    linter = _Linter(model, _components(targets), _user_types(model, targets))
    for item in parsed.types:
        for entry in item.relations:
            linter.relation(item, entry)
    return in_order(linter.warnings)


class _Linter:
    def __init__(
        self, model: AuthorizationModel, component: Mapping[RelationKey, int], users: Mapping[RelationKey, set[str]]
    ) -> None:
        self.model = model
        self.component = component
        self.users = users
        self.warnings: list[ModelProblem] = []

    def relation(self, owner: ParsedType, entry: ParsedRelation) -> None:
        key = (owner.name, entry.relation.name)
        places = entry.leaves or (_NO_LEAF,) * len(leaves_of(entry.relation.rewrite))
        for (leaf, constrained), place in zip(_constrained_leaves(entry.relation.rewrite), places, strict=True):
            if isinstance(leaf, TupleToUserset):
                self._tupleset(owner.name, leaf, place.at)
            if constrained and any(
                self.component[target] == self.component[key] for target in _targets(self.model, *key, leaf)
            ):
                message = f"`{key[1]}` leads back to itself through `and` or `but not`"
                self._warn("constrained-cycle", message, place.at)
        self._operators(key, entry.relation.rewrite, entry.at)

    def _warn(self, code: str, message: str, at: Position) -> None:
        self.warnings.append(problem_at(code, f"{message}: OpenFGA's coming resolver refuses this", at))

    def _tupleset(self, type_name: str, leaf: TupleToUserset, at: Position) -> None:
        listed = self.model.types[type_name].relations[leaf.tupleset].restrictions
        for name in dict.fromkeys(restriction.type for restriction in listed):
            if leaf.relation not in self.model.types[name].relations:
                message = f"`{leaf.text}`: `{name}` has no relation `{leaf.relation}`"
                self._warn("incomplete-tupleset", message, at)

    def _operators(self, key: RelationKey, rewrite: Rewrite, at: Position) -> None:
        match rewrite:
            case Intersection() if not _users_of(self.model, self.users, key, rewrite):
                message = f"no type of user can be in all operands of an `and` of `{key[1]}`"
                self._warn("empty-intersection", message, at)
            case Difference(TupleToUserset() as base, subtract) if base == subtract:
                if len(self.model.types[key[0]].relations[base.tupleset].restrictions) == 1:
                    self._warn("empty-exclusion", f"`{base.text}` is excluded from itself in `{key[1]}`", at)
        for child in children_of(rewrite):
            self._operators(key, child, at)


def _constrained_leaves(rewrite: Rewrite, constrained: bool = False) -> Iterator[tuple[Leaf, bool]]:
    """Yield the leaves in the order of the text, and whether each stands below an ``and`` or a ``but not``."""
    if isinstance(rewrite, Direct | Computed | TupleToUserset):
        yield rewrite, constrained
        return
    for child in children_of(rewrite):
        yield from _constrained_leaves(child, constrained or not isinstance(rewrite, Union))


def _targets(model: AuthorizationModel, type_name: str, relation: str, leaf: Leaf) -> list[RelationKey]:
    """Return the relations that a leaf leads to."""
    relations = model.types[type_name].relations
    match leaf:
        case Direct():
            listed = relations[relation].restrictions
            return [(item.type, item.relation) for item in listed if item.relation is not None]
        case Computed(name):
            return [(type_name, name)]
        case TupleToUserset(tupleset, name):
            listed = relations[tupleset].restrictions
            return [(item.type, name) for item in listed if name in model.types[item.type].relations]


def _components(targets: Mapping[RelationKey, list[RelationKey]]) -> dict[RelationKey, int]:
    """Return the number of the strongly connected component of each relation (Tarjan, without recursion).

    A relation alone in its component has its own number, so two equal numbers mean a way there and a way back; a
    relation that names itself compares equal with itself.
    """
    order: dict[RelationKey, int] = {}
    low: dict[RelationKey, int] = {}
    found: dict[RelationKey, int] = {}
    waiting: list[RelationKey] = []
    for start in targets:
        if start in order:
            continue
        order[start] = low[start] = len(order)
        waiting.append(start)
        path = [(start, iter(targets[start]))]
        while path:
            key, rest = path[-1]
            following = next((target for target in rest if target not in found), None)
            if following is None:
                path.pop()
                if path:
                    above = path[-1][0]
                    low[above] = min(low[above], low[key])
                if low[key] == order[key]:
                    while True:
                        member = waiting.pop()
                        found[member] = order[key]
                        if member == key:
                            break
            elif following in order:
                low[key] = min(low[key], order[following])
            else:
                order[following] = low[following] = len(order)
                waiting.append(following)
                path.append((following, iter(targets[following])))
    return found


def _user_types(
    model: AuthorizationModel, targets: Mapping[RelationKey, list[RelationKey]]
) -> dict[RelationKey, set[str]]:
    """Return the types of users that can have each relation: the least fixed point.

    A relation is looked at again only when one that it leads to has grown.
    """
    sources: dict[RelationKey, list[RelationKey]] = {key: [] for key in targets}
    for key, found in targets.items():
        for target in found:
            sources[target].append(key)
    users: dict[RelationKey, set[str]] = {key: set() for key in targets}
    waiting = list(targets)
    while waiting:
        key = waiting.pop()
        now = _users_of(model, users, key, model.types[key[0]].relations[key[1]].rewrite)
        if len(now) > len(users[key]):
            users[key] = now
            waiting += sources[key]
    return users


def _users_of(
    model: AuthorizationModel, users: Mapping[RelationKey, set[str]], key: RelationKey, rewrite: Rewrite
) -> set[str]:
    match rewrite:
        case Union(children):
            return set[str]().union(*(_users_of(model, users, key, child) for child in children))
        case Intersection(children):
            first, *others = (_users_of(model, users, key, child) for child in children)
            return first.intersection(*others)
        case Difference(base, _):
            return _users_of(model, users, key, base)
        case Direct() | Computed() | TupleToUserset():
            found = set[str]().union(*(users[target] for target in _targets(model, *key, rewrite)))
            if isinstance(rewrite, Direct):
                listed = model.types[key[0]].relations[key[1]].restrictions
                found |= {item.type for item in listed if item.relation is None}
            return found
