"""Random models, tuples and contexts for property tests: small, dense, with every feature of the language.

Several types and tuplesets, usersets of usersets, wildcards, nested ``and`` and ``but not``, cycles, conditions on each
sort of tuple, ids that differ by case alone or are unusual.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import strategies as st

from authz.dsl import to_text
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
from authz.dsl.parsed import (
    NOWHERE,
    LeafPosition,
    ParsedCondition,
    ParsedModel,
    ParsedRelation,
    ParsedType,
    Position,
    RestrictionPosition,
    leaves_of,
)
from authz.dsl.validate import validate
from authz.engine.typesystem import typesystem_of
from authz.errors import InvalidModel, InvalidTuple
from authz.types import RelationshipCondition, TupleKey
from tests.authz.engine.random_conditions import CONDITIONS, contexts

USERS = ["user:a", "user:A"]
BOTS = ["bot:é/|=+%40.~"]
OBJECTS = {"group": ["group:1", "group:2"], "folder": ["folder:X", "folder:x"], "doc": ["doc:(b),;'", "doc:1", "doc:2"]}
RELATIONS = {
    "group": ["member", "viewer", "blocked", "parent"],
    "folder": ["owner", "viewer", "blocked", "parent"],
    "doc": ["editor", "viewer", "blocked", "parent", "home"],
}
TUPLESETS = ("parent", "home")
GROUPS = [f"{name}#member" for name in OBJECTS["group"]]
SUBJECTS = [*USERS, *BOTS, "user:unknown", "bot:unknown", "user:*", *GROUPS, "doc:1#viewer"]
"""Who is asked about."""


@dataclass(frozen=True)
class World:
    """A model, tuples that it allows to be written, and contexts to ask under."""

    model: AuthorizationModel
    tuples: list[TupleKey]
    contexts: Sequence[Mapping[str, Any]]

    def __repr__(self) -> str:
        tuples = "\n".join(map(str, self.tuples))
        return f"{to_text(self.model)}\n{tuples}\n{self.contexts}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        # How hypothesis shows an example.
        printer.text(repr(self))


@st.composite
def models(draw: st.DrawFn, *, conditions: bool = True) -> AuthorizationModel:
    """A model over user, bot, group, folder and doc; ``parent`` and ``home`` are plain tuplesets."""
    known = draw(st.lists(st.sampled_from(sorted(CONDITIONS)), max_size=3, unique=True)) if conditions else []
    types = {"user": TypeDefinition("user"), "bot": TypeDefinition("bot")}
    for type_name, names in RELATIONS.items():
        relations = {}
        for name in names:
            if name in TUPLESETS:
                relations[name] = Relation(name, Direct(), draw(tupleset_restrictions(tuple(known))))
                continue
            rewrite = draw(rewrites(type_name, name, draw(st.sampled_from([0, 1, 1, 2]))))
            listed = draw(restrictions(tuple(known))) if has_direct(rewrite) else ()
            relations[name] = Relation(name, rewrite, listed)
        types[type_name] = TypeDefinition(type_name, relations)
    return mended(types)


def mended(types: dict[str, TypeDefinition]) -> AuthorizationModel:
    """A valid model: relations that the language refuses become plain lists. Raises InvalidModel where that is vain."""
    for _ in range(4):
        places = [(item.name, relation.name) for item in types.values() for relation in item.relations.values()]
        parsed = _parsed(types, places)
        problems = validate(parsed)
        if not problems:
            return parsed.model()
        for type_name, name in {places[problem.line - 1] for problem in problems}:
            plain = Relation(name, Direct(), (TypeRestriction("user"),))
            types = {**types, type_name: TypeDefinition(type_name, {**types[type_name].relations, name: plain})}
    raise InvalidModel(problems)


def _parsed(types: dict[str, TypeDefinition], places: list[tuple[str, str]]) -> ParsedModel:
    """The types as if they were read, each relation in the line that its place says, and the conditions they use."""
    found = []
    for item in types.values():
        relations = []
        for relation in item.relations.values():
            at = Position(places.index((item.name, relation.name)) + 1, 1)
            leaves = tuple(LeafPosition(at, at) for _ in leaves_of(relation.rewrite))
            listed = tuple(RestrictionPosition(at, at) for _ in relation.restrictions)
            relations.append(ParsedRelation(relation, at, leaves, listed))
        found.append(ParsedType(item.name, NOWHERE, tuple(relations)))
    used = {
        entry.condition
        for item in types.values()
        for relation in item.relations.values()
        for entry in relation.restrictions
    }
    conditions = tuple(ParsedCondition(name, CONDITIONS[name], NOWHERE) for name in sorted(CONDITIONS) if name in used)
    return ParsedModel("1.1", NOWHERE, tuple(found), conditions)


@st.composite
def tupleset_restrictions(draw: st.DrawFn, conditions: tuple[str, ...]) -> tuple[TypeRestriction, ...]:
    """Objects of one to three types, some under a condition."""
    choices = [TypeRestriction(target) for target in OBJECTS]
    choices += [TypeRestriction(target, condition=name) for target in OBJECTS for name in conditions]
    return tuple(draw(st.lists(st.sampled_from(choices), min_size=1, max_size=3, unique=True)))


@st.composite
def restrictions(draw: st.DrawFn, conditions: tuple[str, ...]) -> tuple[TypeRestriction, ...]:
    """A direct list: users nearly always, wildcards, usersets and conditions often."""
    choices = [TypeRestriction("user"), TypeRestriction("user", wildcard=True), TypeRestriction("bot", wildcard=True)]
    choices += [
        TypeRestriction(kind, relation) for kind in OBJECTS for relation in RELATIONS[kind] if relation not in TUPLESETS
    ]
    choices += [
        TypeRestriction(entry.type, entry.relation, entry.wildcard, name) for entry in choices for name in conditions
    ]
    plain = TypeRestriction("user")
    first = [plain, plain, *(TypeRestriction("user", condition=name) for name in conditions)]
    picked = draw(st.lists(st.sampled_from(choices), min_size=1, max_size=4, unique=True))
    return tuple(dict.fromkeys([draw(st.sampled_from(first)), *picked]))


@cache
def rewrites(type_name: str, own: str, depth: int, *, first: bool = True) -> st.SearchStrategy[Rewrite]:
    """A rewrite of ``own``; as in the language, the direct list can only stand ``first``."""
    others = [name for name in RELATIONS[type_name] if name not in (own, *TUPLESETS)]
    tuplesets = [name for name in RELATIONS[type_name] if name in TUPLESETS]
    # Mostly what all types have: the language refuses a relation that no parent could have.
    targets = ["viewer", "blocked", "viewer", "blocked", "viewer", "blocked", "member", "editor", "owner"]
    indirect: st.SearchStrategy[Rewrite] = st.one_of(
        st.sampled_from(others).map(Computed),
        st.builds(TupleToUserset, st.sampled_from(tuplesets), st.sampled_from(targets)),
    )
    leaf = st.one_of(st.just(Direct()), st.just(Direct()), indirect) if first else indirect
    if depth == 0:
        return leaf
    head = rewrites(type_name, own, depth - 1, first=first)
    tail = rewrites(type_name, own, depth - 1, first=False)
    many = st.tuples(head, st.lists(tail, min_size=1, max_size=2, unique=True)).map(lambda parts: (parts[0], *parts[1]))
    return st.one_of(
        many.map(Union),
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
def worlds(draw: st.DrawFn, model_strategy: st.SearchStrategy[AuthorizationModel] | None = None) -> World:
    """A model, tuples that it allows, and one or two contexts (one that is empty where there are no conditions)."""
    model = draw(model_strategy if model_strategy is not None else models())
    picked = draw(several_tuples(possible_tuples(model)))
    tuples = [each if each.condition is None else draw(with_context(each, each.condition.name)) for each in picked]
    names = sorted(model.conditions)
    asked = draw(st.lists(contexts(names, lacking=1, misfits=0), min_size=1, max_size=2)) if names else [{}]
    if names and draw(st.integers(0, 3)) == 0:
        asked.append(draw(contexts(names, lacking=3, misfits=2)))
    return World(model, [each for each in tuples if can_be_written(model, each)], asked)


@st.composite
def several_tuples(draw: st.DrawFn, possible: list[TupleKey]) -> list[TupleKey]:
    """Some tuples of each sort: those that name users, usersets, and objects in tuplesets. Enough to meet often."""
    users = [key for key in possible if key.relation not in TUPLESETS and "#" not in key.user]
    usersets = [key for key in possible if "#" in key.user]
    edges = [key for key in possible if key.relation in TUPLESETS]
    picked: list[TupleKey] = []
    for sort, most in ((users, 14), (usersets, 10), (edges, 8)):
        size = draw(st.integers(0, min(most, len({_key(key) for key in sort}))))
        if size:
            picked += draw(st.lists(st.sampled_from(sort), min_size=size, max_size=size, unique_by=_key))
    return picked


@st.composite
def with_context(draw: st.DrawFn, key: TupleKey, name: str) -> TupleKey:
    """A tuple under a condition, with a context of its own: often nothing of it."""
    context = draw(st.one_of(st.just({}), contexts([name], lacking=5, misfits=0)))
    return TupleKey(key.user, key.relation, key.object, RelationshipCondition(name, context))


def can_be_written(model: AuthorizationModel, key: TupleKey) -> bool:
    try:
        typesystem_of(model).require_tuple(key)
    except InvalidTuple:
        return False
    return True


def possible_tuples(model: AuthorizationModel) -> list[TupleKey]:
    """Every tuple that may be written over the fixed objects and users, its context left out."""
    return [key for type_name in OBJECTS for key in _possible(model, type_name)]


def _possible(model: AuthorizationModel, type_name: str) -> Iterator[TupleKey]:
    named = {"user": USERS, "bot": BOTS, **OBJECTS}
    for relation in model.types[type_name].relations.values():
        for object_name in OBJECTS[type_name]:
            for entry in relation.restrictions:
                suffix = f"#{entry.relation}" if entry.relation else ""
                condition = RelationshipCondition(entry.condition) if entry.condition else None
                for subject in [f"{entry.type}:*"] if entry.wildcard else named[entry.type]:
                    if subject + suffix != f"{object_name}#{relation.name}":
                        yield TupleKey(subject + suffix, relation.name, object_name, condition)


def _key(key: TupleKey) -> tuple[str, str, str]:
    return key.user, key.relation, key.object


def askable(model: AuthorizationModel) -> list[tuple[str, str]]:
    """Every ``(relation, object)`` that can be asked for, tuplesets apart."""
    return [
        (relation, object_name)
        for type_name, names in OBJECTS.items()
        for relation in model.types[type_name].relations
        if relation not in TUPLESETS
        for object_name in names
    ]
