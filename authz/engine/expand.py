"""``expand``: how a relation of an object comes about, one level deep.

The same tree as OpenFGA's Expand: direct users are read, other relations are named and not followed. The question has
no context, so that whoever holds something under a condition is named too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from authz.dsl.model import AuthorizationModel, Computed, Direct, Intersection, Rewrite, TupleToUserset, Union
from authz.engine.contextual import with_contextual
from authz.engine.reader import SubjectQuery, TupleReader
from authz.engine.typesystem import Typesystem, leaves, type_of, typesystem_of
from authz.types import TupleKey


@dataclass(frozen=True, slots=True)
class UsersLeaf:
    """The users that tuples of this relation name, sorted."""

    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ComputedLeaf:
    """Everybody in another relation of the same object: ``"doc:1#editor"``."""

    userset: str


@dataclass(frozen=True, slots=True)
class TupleToUsersetLeaf:
    """Everybody in the relations ``computed`` of the objects that ``tupleset`` points to."""

    tupleset: str
    computed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """A union, an intersection, or a difference of (base, subtract)."""

    operator: Literal["union", "intersection", "difference"]
    nodes: tuple[UsersetNode, ...]


@dataclass(frozen=True, slots=True)
class UsersetNode:
    """One node; ``name`` is the ``object#relation`` that it is part of."""

    name: str
    value: UsersLeaf | ComputedLeaf | TupleToUsersetLeaf | Operation


@dataclass(frozen=True, slots=True)
class UsersetTree:
    """The answer of ``expand``."""

    root: UsersetNode


def expand(
    model: AuthorizationModel,
    reader: TupleReader,
    relation: str,
    object: str,
    contextual_tuples: Sequence[TupleKey] = (),
) -> UsersetTree:
    """Return the tree of ``object#relation``, with one read. Raises InvalidRequest for what the model does not know."""
    typesystem = typesystem_of(model)
    typesystem.require_object(object, relation)
    combined = with_contextual(typesystem, reader, contextual_tuples)
    rewrite = typesystem.relation(type_of(object), relation).rewrite
    names = {
        relation if isinstance(leaf, Direct) else leaf.tupleset
        for leaf in leaves(rewrite)
        if not isinstance(leaf, Computed)
    }
    wanted = sorted(names)
    answers = combined.subjects([SubjectQuery(object, name) for name in wanted])
    found = {
        name: sorted(
            subject
            for subject, condition in subjects
            if typesystem.allows(f"{type_of(object)}#{name}", subject, condition)
        )
        for name, subjects in zip(wanted, answers, strict=True)
    }
    return UsersetTree(_node(typesystem, f"{object}#{relation}", rewrite, found))


def _node(typesystem: Typesystem, name: str, rewrite: Rewrite, found: dict[str, list[str]]) -> UsersetNode:
    bare, _, relation = name.partition("#")
    if isinstance(rewrite, Direct):
        return UsersetNode(name, UsersLeaf(tuple(found[relation])))
    if isinstance(rewrite, Computed):
        return UsersetNode(name, ComputedLeaf(f"{bare}#{rewrite.relation}"))
    if isinstance(rewrite, TupleToUserset):
        computed = tuple(
            f"{target}#{rewrite.relation}"
            for target in found[rewrite.tupleset]
            if typesystem.model.relation(type_of(target), rewrite.relation)
        )
        return UsersetNode(name, TupleToUsersetLeaf(f"{bare}#{rewrite.tupleset}", computed))
    if isinstance(rewrite, Union | Intersection):
        children = tuple(_node(typesystem, name, child, found) for child in rewrite.children)
        return UsersetNode(name, Operation("union" if isinstance(rewrite, Union) else "intersection", children))
    sides = (_node(typesystem, name, rewrite.base, found), _node(typesystem, name, rewrite.subtract, found))
    return UsersetNode(name, Operation("difference", sides))
