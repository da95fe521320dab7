"""What a model allows and where a relation can lead, worked out once per model.

Belongs here: questions about the model alone (which kinds of user may stand in a tuple, which relations can ever reach
a kind of user) and the shape rules of objects and users. Reading tuples does not: see ``authz.engine.reader``.

A *kind* is the model's name for a sort of user: ``"user"``, ``"user:*"`` or ``"group#member"``. A *node* is
``"type#relation"``; it has the same form as the kind of a userset on purpose.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from functools import cached_property
from threading import Lock

from authz.dsl.model import (
    AuthorizationModel,
    Computed,
    Difference,
    Direct,
    Intersection,
    Relation,
    Rewrite,
    TupleToUserset,
    TypeRestriction,
    Union,
)
from authz.engine.conditions import Conditions
from authz.errors import InvalidRequest, InvalidTuple, UnknownRelation, UnknownType
from authz.types import RelationshipCondition, TupleKey

# One colon, no hash, no white space or control characters: OpenFGA's rules for objects (2 to 256 characters).
_OBJECT = re.compile(r"[^:#@*\s]{1,254}:[^:#\s\x00-\x1f\x7f-\x9f]{1,254}")
_CACHE_SIZE = 16

Node = str
Kind = str


def kind_of(user: str) -> Kind:
    """Return the kind of a user: ``"user"``, ``"user:*"`` or ``"group#member"``."""
    bare, hash_sign, relation = user.partition("#")
    type_name, _, object_id = bare.partition(":")
    if hash_sign:
        return f"{type_name}#{relation}"
    return f"{type_name}:*" if object_id == "*" else type_name


def type_of(user: str) -> str:
    """Return the type of an object or user."""
    return user.partition(":")[0]


def is_object(value: str) -> bool:
    """Tell whether ``value`` has the shape ``type:id``, a wildcard not counting as one."""
    return _OBJECT.fullmatch(value) is not None and not value.endswith(":*") and len(value) <= 256


def restriction_kind(restriction: TypeRestriction) -> Kind:
    """Return the kind that one entry of a direct list names."""
    if restriction.relation is not None:
        return f"{restriction.type}#{restriction.relation}"
    return f"{restriction.type}:*" if restriction.wildcard else restriction.type


def leaves(rewrite: Rewrite, *, positive_only: bool = False) -> Iterator[Direct | Computed | TupleToUserset]:
    """Yield the leaves of a rewrite; with ``positive_only`` without those behind ``but not``."""
    stack: list[Rewrite] = [rewrite]
    while stack:
        part = stack.pop()
        if isinstance(part, Union | Intersection):
            stack.extend(part.children)
        elif isinstance(part, Difference):
            stack.append(part.base)
            if not positive_only:
                stack.append(part.subtract)
        else:
            yield part


def is_pure_union(rewrite: Rewrite) -> bool:
    """Tell whether a rewrite has neither ``and`` nor ``but not``."""
    if isinstance(rewrite, Union):
        return all(is_pure_union(child) for child in rewrite.children)
    return not isinstance(rewrite, Intersection | Difference)


class Typesystem:
    """A model with its look-up tables. Raises InvalidModel for a condition that does not compile."""

    def __init__(self, model: AuthorizationModel) -> None:
        self.model = model
        self.conditions = Conditions(model.conditions)
        self.kinds: dict[Node, frozenset[Kind]] = {}
        """The kinds that may stand in a tuple of each relation, with a condition or without."""
        self.unconditional: dict[Node, frozenset[Kind]] = {}
        """Those that may without one."""
        self.conditional: dict[Node, frozenset[tuple[Kind, str]]] = {}
        """Those that may with one, and its name."""
        self._edges: dict[Node, frozenset[Node | Kind]] = {}
        self._reaching: dict[Kind, frozenset[Node]] = {}
        for type_name, definition in model.types.items():
            for relation in definition.relations.values():
                node = f"{type_name}#{relation.name}"
                entries = [(restriction_kind(entry), entry.condition) for entry in relation.restrictions]
                self.kinds[node] = frozenset(kind for kind, _ in entries)
                self.unconditional[node] = frozenset(kind for kind, condition in entries if condition is None)
                self.conditional[node] = frozenset(
                    (kind, condition) for kind, condition in entries if condition is not None
                )
        for type_name, definition in model.types.items():
            for relation in definition.relations.values():
                self._edges[f"{type_name}#{relation.name}"] = frozenset(self._edges_of(type_name, relation))

    def entries(self, node: Node) -> list[tuple[Kind, str]]:
        """Return the kinds that may stand in a tuple of ``node``, each with its condition; the empty name: without."""
        return sorted([*((kind, "") for kind in self.unconditional[node]), *self.conditional[node]])

    @cached_property
    def tuplesets(self) -> frozenset[str]:
        """The names of relations that ``from`` follows, of whichever type."""
        return frozenset(
            leaf.tupleset
            for definition in self.model.types.values()
            for relation in definition.relations.values()
            for leaf in leaves(relation.rewrite)
            if isinstance(leaf, TupleToUserset)
        )

    def _edges_of(self, type_name: str, relation: Relation) -> Iterator[Node | Kind]:
        for leaf in leaves(relation.rewrite):
            yield from self.targets(type_name, relation.name, leaf)

    def targets(self, type_name: str, relation: str, leaf: Direct | Computed | TupleToUserset) -> list[Node | Kind]:
        """Return the kinds and nodes that one leaf of a relation leads to."""
        if isinstance(leaf, Direct):
            return list(self.kinds[f"{type_name}#{relation}"])
        if isinstance(leaf, Computed):
            return [f"{type_name}#{leaf.relation}"]
        return [
            f"{target}#{leaf.relation}"
            for target in self.kinds.get(f"{type_name}#{leaf.tupleset}", ())
            if f"{target}#{leaf.relation}" in self.kinds
        ]

    def relation(self, type_name: str, relation: str) -> Relation:
        """Return a relation; raises UnknownType or UnknownRelation."""
        found = self.model.relation(type_name, relation)
        if found is not None:
            return found
        if type_name not in self.model.types:
            raise UnknownType(f"the model has no type {type_name!r}")
        raise UnknownRelation(f"type {type_name!r} has no relation {relation!r}")

    def allows(self, node: Node, subject: str, condition: RelationshipCondition | None = None) -> bool:
        """Tell whether the model allows a tuple of ``node`` that names ``subject`` and carries ``condition``.

        A stored one that it does not allow (any more) counts for nothing.
        """
        if condition is None:
            return kind_of(subject) in self.unconditional.get(node, ())
        named = (kind_of(subject), condition.name)
        return named in self.conditional.get(node, ()) and self.conditions.fits(condition)

    def is_conditional(self, key: TupleKey) -> bool:
        """Tell whether the model has a condition for such a user in such a relation."""
        kind = kind_of(key.user)
        return any(kind == named for named, _ in self.conditional.get(f"{type_of(key.object)}#{key.relation}", ()))

    def led_to(self, node: Node, *, without_own_edge: bool = False) -> frozenset[Node]:
        """Return the nodes that ``node`` leads to in one step or more, itself only if it is on a cycle.

        ``without_own_edge`` leaves out the step from ``node`` straight to itself.
        """
        seen: set[Node] = set()
        todo = [node]
        while todo:
            current = todo.pop()
            for target in self._edges.get(current, ()):
                own_edge = current == node == target
                if target in self.kinds and target not in seen and not (own_edge and without_own_edge):
                    seen.add(target)
                    todo.append(target)
        return frozenset(seen)

    def reaching(self, kind: Kind) -> frozenset[Node]:
        """Return every node that could ever be true for a user of ``kind`` (a superset: ``but not`` is ignored)."""
        found = self._reaching.get(kind)
        if found is None:
            found = self._reaching[kind] = self._search_reaching(kind)
        return found

    def _search_reaching(self, kind: Kind) -> frozenset[Node]:
        incoming: dict[str, list[Node]] = {}
        for node, targets in self._edges.items():
            for target in targets:
                incoming.setdefault(target, []).append(node)
        todo = list(self.matching_kinds(kind))
        seen: set[str] = set(todo)
        while todo:
            for node in incoming.get(todo.pop(), ()):
                if node not in seen:
                    seen.add(node)
                    todo.append(node)
        return frozenset(seen & self.kinds.keys())

    @staticmethod
    def matching_kinds(kind: Kind) -> tuple[Kind, ...]:
        """Return the kinds of tuple that name a user of ``kind``: itself, and its wildcard for a plain type."""
        return (kind,) if "#" in kind or kind.endswith(":*") else (kind, f"{kind}:*")

    def require_object(self, value: str, relation: str) -> None:
        """Raise InvalidRequest, UnknownType or UnknownRelation unless ``relation`` exists on the object's type."""
        if not is_object(value):
            raise InvalidRequest(f"not an object: {value!r}")
        self.relation(type_of(value), relation)

    def require_user(self, value: str) -> None:
        """Raise InvalidRequest, UnknownType or UnknownRelation unless ``value`` is a user the model knows."""
        bare, hash_sign, relation = value.partition("#")
        wildcard = bare.endswith(":*") and not hash_sign
        if not (is_object(bare) or (wildcard and is_object(bare[:-1] + "x"))) or (hash_sign and not relation):
            raise InvalidRequest(f"not a user: {value!r}")
        if hash_sign:
            self.relation(type_of(bare), relation)
        elif type_of(bare) not in self.model.types:
            raise UnknownType(f"the model has no type {type_of(bare)!r}")

    def require_tuple(self, key: TupleKey) -> None:
        """Raise InvalidTuple (UnknownCondition) unless the model allows ``key`` to be written."""
        try:
            self.require_object(key.object, key.relation)
            self.require_user(key.user)
        except InvalidRequest as error:
            raise InvalidTuple(str(error)) from error
        if key.user == f"{key.object}#{key.relation}":
            raise InvalidTuple(f"{key.user!r} holds the relation already: the tuple is implicit")
        if key.condition is not None:
            self.conditions.require(key.condition)
        if not self.allows(f"{type_of(key.object)}#{key.relation}", key.user, key.condition):
            raise InvalidTuple(
                f"relation {key.relation!r} of {type_of(key.object)!r} does not allow a user of kind"
                f" {kind_of(key.user)!r}"
                + (f" under the condition {key.condition.name!r}" if key.condition else self._missing_condition(key))
            )

    def _missing_condition(self, key: TupleKey) -> str:
        named = kind_of(key.user) in self.kinds[f"{type_of(key.object)}#{key.relation}"]
        return " without a condition" if named else ""


_cache: OrderedDict[int, Typesystem] = OrderedDict()
_cache_lock = Lock()


def typesystem_of(model: AuthorizationModel) -> Typesystem:
    """Return the look-up tables of ``model``; the last few models are remembered, by identity."""
    with _cache_lock:
        found = _cache.get(id(model))
        if found is not None and found.model is model:
            _cache.move_to_end(id(model))
            return found
    built = Typesystem(model)
    with _cache_lock:
        _cache[id(model)] = built
        while len(_cache) > _CACHE_SIZE:
            _cache.popitem(last=False)
    return built
