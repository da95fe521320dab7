"""Random models of two types without conditions: small, dense, full of cycles, exclusions and wildcards.

For tests that put them into tables or add something of their own; ``random_models`` has everything.
"""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

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
    TypeRestriction,
    Union,
)
from authz.types import TupleKey

USERS = ["user:a", "user:b", "user:c"]
OBJECTS = {"group": ["group:1", "group:2", "group:3"], "doc": ["doc:1", "doc:2", "doc:3"]}
RELATIONS = {"group": ["member", "viewer", "blocked", "parent"], "doc": ["editor", "viewer", "blocked", "parent"]}
TUPLESET = "parent"
SUBJECTS = [*USERS, "user:unknown", "user:*", "group:1#member", "doc:2#viewer"]
World = tuple[AuthorizationModel, list[TupleKey]]


@st.composite
def models(draw: st.DrawFn) -> AuthorizationModel:
    """A model over user, group and doc; ``parent`` is a plain tupleset on both."""
    types = {"user": TypeDefinition("user")}
    for type_name, names in RELATIONS.items():
        relations = {}
        for name in names:
            if name == TUPLESET:
                targets = draw(st.lists(st.sampled_from(["group", "doc"]), min_size=1, max_size=2, unique=True))
                relations[name] = Relation(name, Direct(), tuple(TypeRestriction(target) for target in targets))
                continue
            rewrite = draw(rewrites(type_name, name, 2))
            relations[name] = Relation(name, rewrite, draw(restrictions()) if has_direct(rewrite) else ())
        types[type_name] = TypeDefinition(type_name, relations)
    return AuthorizationModel("1.1", types)


@st.composite
def restrictions(draw: st.DrawFn) -> tuple[TypeRestriction, ...]:
    """A direct list: users nearly always, wildcards and usersets often."""
    choices = [TypeRestriction("user"), TypeRestriction("user", wildcard=True)]
    choices += [
        TypeRestriction(kind, relation) for kind in OBJECTS for relation in RELATIONS[kind] if relation != TUPLESET
    ]
    picked = draw(st.lists(st.sampled_from(choices), min_size=1, max_size=3, unique=True))
    return tuple(dict.fromkeys([TypeRestriction("user"), *picked]))


@cache
def rewrites(type_name: str, own: str, depth: int, *, first: bool = True) -> st.SearchStrategy[Rewrite]:
    """A rewrite of ``own``; as in the language, the direct list can only stand ``first``."""
    others = [name for name in RELATIONS[type_name] if name not in (own, TUPLESET)]
    # Mostly what both types have: the language refuses a relation that no parent could have.
    targets = ["viewer", "blocked", "viewer", "blocked", "viewer", "blocked", "member", "editor"]
    indirect: st.SearchStrategy[Rewrite] = st.one_of(
        st.sampled_from(others).map(Computed), st.sampled_from(targets).map(lambda name: TupleToUserset(TUPLESET, name))
    )
    leaf = st.one_of(st.just(Direct()), st.just(Direct()), indirect) if first else indirect
    if depth == 0:
        return leaf
    head = rewrites(type_name, own, depth - 1, first=first)
    tail = rewrites(type_name, own, depth - 1, first=False)
    many = st.tuples(head, st.lists(tail, min_size=1, max_size=2, unique=True)).map(lambda parts: (parts[0], *parts[1]))
    return st.one_of(
        leaf,
        many.map(Union),
        many.map(Union),
        many.map(Intersection),
        st.tuples(head, tail).map(lambda sides: Difference(*sides)),
    )


def has_direct(rewrite: Rewrite) -> bool:
    if isinstance(rewrite, Union | Intersection):
        return any(has_direct(child) for child in rewrite.children)
    if isinstance(rewrite, Difference):
        return has_direct(rewrite.base) or has_direct(rewrite.subtract)
    return isinstance(rewrite, Direct)


@st.composite
def worlds(
    draw: st.DrawFn, model_strategy: st.SearchStrategy[AuthorizationModel] | None = None
) -> tuple[AuthorizationModel, list[TupleKey]]:
    """A model and tuples that it allows."""
    model = draw(model_strategy if model_strategy is not None else models())
    possible = possible_tuples(model)
    return model, draw(st.lists(st.sampled_from(possible), max_size=14, unique=True)) if possible else []


def possible_tuples(model: AuthorizationModel) -> list[TupleKey]:
    """Every tuple that may be written over the fixed objects and users."""
    found = []
    for type_name, names in OBJECTS.items():
        for relation in model.types[type_name].relations.values():
            for object_name in names:
                for entry in relation.restrictions:
                    subjects = ["user:*"] if entry.wildcard else USERS if entry.type == "user" else OBJECTS[entry.type]
                    suffix = f"#{entry.relation}" if entry.relation else ""
                    for subject in subjects:
                        if subject + suffix != f"{object_name}#{relation.name}":
                            found.append(TupleKey(subject + suffix, relation.name, object_name))
    return found


def askable(model: AuthorizationModel) -> list[tuple[str, str]]:
    """Every ``(relation, object)`` that can be asked for."""
    return [
        (relation, object_name)
        for type_name, names in OBJECTS.items()
        for relation in model.types[type_name].relations
        for object_name in names
    ]
