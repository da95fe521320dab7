"""Hypothesis strategies for models: some for the language alone, some that also make sense."""

from __future__ import annotations

import os
from dataclasses import replace

from hypothesis import strategies as st

from authz.dsl.model import (
    AuthorizationModel,
    Computed,
    Condition,
    ConditionParameter,
    Difference,
    Direct,
    Intersection,
    ParameterType,
    Relation,
    Rewrite,
    Source,
    TupleToUserset,
    TypeDefinition,
    TypeRestriction,
    Union,
)
from authz.dsl.parsed import children_of

FULL = os.environ.get("FILEGRAPH_TEST_SIZE") == "full"
EXAMPLES = 2000 if FULL else 60
MODELS = 2000 if FULL else 20
"""Whole generated models: each takes far longer to make than to test."""
CALLS = 200 if FULL else 8
"""Generated models that are shown to OpenFGA's program, a process each."""

NAMES = ("a", "b", "can_view", "x-1", "_p", "model", "type", "relation")
PATHS = (*NAMES, "a.b/c", "team/doc-v2", "x.y")
FILES = ("core.fga", "wiki.fga", "teams/a b.fga", "teams/100%+.fga", "é.fga")
SCRAPS = (
    *(
        " ",
        "\n",
        "  ",
        "[",
        "]",
        "(",
        ")",
        ":",
        "#",
        "*",
        ",",
        "{",
        "}",
        "<",
        ">",
        '"',
        "//",
        "\t",
        "\r\n",
        "é",
        "-",
        "\0",
    ),
    *(
        " and ",
        " or ",
        " but not ",
        " from ",
        " with ",
        "define ",
        "type ",
        "relations",
        "condition ",
        "module ",
        "any",
    ),
    *("extend type ", "model", "list<", "map<any>", "self", "1.2"),
)
EXPRESSIONS = ("x < y", 'name == "}"', "a in [1, 2] && b.c() >= 1.5", "a ||\n  b == 'c'", 'ip.in_cidr("10.0.0.0/8")')
ELEMENTS = ("bool", "string", "int", "uint", "double", "duration", "timestamp", "ipaddress")
SIMPLE_TYPES = st.builds(ParameterType, st.sampled_from(ELEMENTS))
CONTAINERS = st.sampled_from(("list", "map"))
PARAMETER_TYPES = SIMPLE_TYPES | st.builds(ParameterType, CONTAINERS, SIMPLE_TYPES)
"""What OpenFGA's text can say."""
ALL_PARAMETER_TYPES = st.recursive(
    SIMPLE_TYPES | st.just(ParameterType("any")),
    lambda inner: st.builds(ParameterType, CONTAINERS, inner),
    max_leaves=3,
)
"""What JSON, and our text, can say."""


def rewrites(names: tuple[str, ...], tuplesets: tuple[str, ...]) -> st.SearchStrategy[Rewrite]:
    """Rewrites without a direct list, at most a few operators deep."""
    name, tupleset = st.sampled_from(names), st.sampled_from(tuplesets)
    leaves = st.one_of(st.builds(Computed, name), st.builds(TupleToUserset, tupleset, name))

    def operators(children: st.SearchStrategy[Rewrite]) -> st.SearchStrategy[Rewrite]:
        several = st.lists(children, min_size=2, max_size=3).map(tuple)
        return st.one_of(
            st.builds(Union, several), st.builds(Intersection, several), st.builds(Difference, children, children)
        )

    return st.recursive(leaves, operators, max_leaves=5)


def with_direct(rewrite: Rewrite) -> Rewrite:
    """Put a direct list in the place of the first operand."""
    match rewrite:
        case Union(children) | Intersection(children):
            return type(rewrite)((with_direct(children[0]), *children[1:]))
        case Difference(base, subtract):
            return Difference(with_direct(base), subtract)
        case _:
            return Direct()


def has_direct(rewrite: Rewrite) -> bool:
    return isinstance(rewrite, Direct) or any(has_direct(child) for child in children_of(rewrite))


@st.composite
def restrictions(
    draw: st.DrawFn, types: tuple[str, ...], names: tuple[str, ...], conditions: tuple[str, ...]
) -> TypeRestriction:
    form = draw(st.sampled_from(("plain", "plain", "wildcard", "userset")))
    return TypeRestriction(
        draw(st.sampled_from(types)),
        relation=draw(st.sampled_from(names)) if form == "userset" else None,
        wildcard=form == "wildcard",
        condition=draw(st.none() | st.sampled_from(conditions)) if conditions else None,
    )


@st.composite
def relations(
    draw: st.DrawFn,
    name: str,
    types: tuple[str, ...],
    names: tuple[str, ...],
    conditions: tuple[str, ...],
    tuplesets: tuple[str, ...],
) -> Relation:
    rewrite = draw(rewrites(names, tuplesets))
    if draw(st.booleans()):
        listed = draw(st.lists(restrictions(types, names, conditions), min_size=1, max_size=4))
        return Relation(name, with_direct(rewrite), tuple(listed))
    return Relation(name, rewrite)


@st.composite
def condition_definitions(draw: st.DrawFn, name: str, types: st.SearchStrategy[ParameterType]) -> Condition:
    parameters = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    return Condition(
        name,
        tuple(ConditionParameter(parameter, draw(types)) for parameter in parameters),
        draw(st.sampled_from(EXPRESSIONS)),
    )


@st.composite
def modular_models(
    draw: st.DrawFn, parameters: st.SearchStrategy[ParameterType] = PARAMETER_TYPES
) -> AuthorizationModel:
    """Models of several modules, whether or not they make sense: every type comes from one, relations from others."""
    model = draw(models(parameters))
    files = draw(st.lists(st.sampled_from(FILES), min_size=1, max_size=3, unique=True))
    sources = [Source(draw(st.sampled_from(NAMES)), file) for file in files]
    types = {}
    for definition in model.types.values():
        owner = draw(st.sampled_from(sources))
        types[definition.name] = TypeDefinition(
            definition.name,
            {
                name: replace(relation, source=draw(st.sampled_from([None, *(s for s in sources if s != owner)])))
                for name, relation in definition.relations.items()
            },
            owner,
        )
    conditions = {
        name: replace(condition, source=draw(st.sampled_from(sources))) for name, condition in model.conditions.items()
    }
    return AuthorizationModel("1.2", types, conditions)


@st.composite
def mutations(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    """Texts that were right until something was put in, taken out, or said twice."""
    text = draw(texts)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(text)))
        match draw(st.sampled_from(("insert", "remove", "repeat"))):
            case "insert":
                text = text[:place] + draw(st.sampled_from(SCRAPS)) + text[place:]
            case "remove":
                text = text[:place] + text[place + draw(st.integers(1, 8)) :]
            case _:
                text = text[:place] + text[place - draw(st.integers(1, 40)) :]
    return text


@st.composite
def models(draw: st.DrawFn, parameters: st.SearchStrategy[ParameterType] = PARAMETER_TYPES) -> AuthorizationModel:
    """Models the language can say, whether or not they make sense."""
    types = tuple(draw(st.lists(st.sampled_from(PATHS), min_size=1, max_size=4, unique=True)))
    known = tuple(draw(st.lists(st.sampled_from(("c", "d-1", "_e")), max_size=2, unique=True)))
    definitions = {}
    for name in types:
        names = draw(st.lists(st.sampled_from(PATHS), max_size=4, unique=True))
        definitions[name] = TypeDefinition(
            name, {item: draw(relations(item, types, PATHS, known, PATHS)) for item in names}
        )
    return AuthorizationModel(
        draw(st.sampled_from(("1.1", "1.2"))),
        definitions,
        {name: draw(condition_definitions(name, parameters)) for name in known},
    )


@st.composite
def plausible_models(draw: st.DrawFn) -> AuthorizationModel:
    """Models over few names, so that a good part of them is valid and the rest is wrong in interesting ways."""
    names = ("parent", "owner", "editor", "viewer")
    types = ("user", "doc")
    parent = Relation("parent", Direct(), (TypeRestriction("doc"),))
    owner = Relation("owner", Direct(), (TypeRestriction("user"),))
    found = {"parent": parent, "owner": owner}
    for name in ("editor", "viewer"):
        relation = draw(relations(name, types, names, (), ("parent",) * 9 + ("owner",)))
        kept = tuple(
            item if item.relation is None or item.type == "doc" else replace(item, relation=None)
            for item in relation.restrictions
        )
        found[name] = replace(relation, restrictions=kept)
    return AuthorizationModel("1.1", {"user": TypeDefinition("user"), "doc": TypeDefinition("doc", found)})
