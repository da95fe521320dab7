"""Predicate, flags and whole check are one answer: random trees, grants and moves, the shipped model and odd ones."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authz.clients.embedded import EmbeddedClient
from authz.clients.sql.structure import ColumnEdge, Structure
from authz.clients.tuples import insert
from authz.dsl import parse
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
from authz.engine.check import batch_check
from authz.engine.memory import MemoryTuples
from authz.models import RelationshipTuple
from authz.services.shipped_model import shipped_model
from authz.types import Asker, CheckRequest, ListObjectsRequest, TupleKey
from tests.authz.clients.replay import tell
from tests.authz.clients.tree import (
    ACTORS,
    STRUCTURE,
    Tree,
    by_plan,
    by_sql,
    create_tables,
    grants,
    hold_whole_questions,
    moves,
    trees,
)

pytestmark = pytest.mark.django_db

EXAMPLES = 400 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 10
examples = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=False)
ASKED = {
    "drive": ["can_view", "can_edit", "can_manage"],
    "folder": ["can_view", "can_upload", "can_delete"],
    "file": ["can_view", "can_download", "can_delete", "can_finalize"],
}
BEARER = "share_link:l#bearer"


def compare(
    model: AuthorizationModel,
    tree: Tree,
    tuples: list[TupleKey],
    asked: dict[str, list[str]],
    actors: Sequence[str] = ACTORS,
) -> None:
    """Hold the two projections, and whole questions of every kind, against the engine, for every object of the tree."""
    client = EmbeddedClient(model, clock=timezone.now, structure=STRUCTURE)
    RelationshipTuple.objects.all().delete()
    insert("default", tuples, timezone.now())
    with tree.stored():
        for actor in actors:
            usersets = [BEARER] if actor == "anonymous:v" else []
            bearer = [TupleKey(actor, "bearer", "share_link:l")] if usersets else []
            reader = MemoryTuples([*tuples, *tree.structure_tuples(model), *bearer])
            for type_name, relations in asked.items():
                names = [name for name in tree.objects() if name.startswith(f"{type_name}:")]
                for relation in relations:
                    verdicts = batch_check(model, reader, [CheckRequest(actor, relation, name) for name in names])
                    stored = (*tree.structure_tuples(model), *bearer)
                    asking = [CheckRequest(actor, relation, name, stored) for name in names]
                    assert client.batch_check(asking) == verdicts
                    expected = {name for name, allowed in zip(names, verdicts, strict=True) if allowed}
                    found = by_sql(client, actor, relation, type_name, usersets)
                    shown = by_plan(client, tree, actor, relation, names, usersets)
                    if found != expected or shown != expected:
                        tell(model, reader, actor, relation, dict(zip(names, verdicts, strict=True)))
                    assert found == shown == expected, (actor, relation)
                    hold_whole_questions(
                        client, tree, actor, relation, dict(zip(names, verdicts, strict=True)), usersets
                    )


@examples
@given(st.data())
def test_the_shipped_model(data: st.DataObject) -> None:
    create_tables()
    model = shipped_model()
    tree = data.draw(trees())
    tuples = data.draw(grants(model, tree))
    compare(model, tree, tuples, ASKED)
    compare(model, data.draw(moves(tree)), tuples, {"folder": ["can_view"], "file": ["can_view"]})


LEAVES: list[Rewrite] = [
    *(Computed(name) for name in ("viewer", "owner", "blocked", "views", "denied", "quarantined", "uploaded_by")),
    TupleToUserset("ancestor", "views_here"),
    TupleToUserset("ancestor", "blocked"),
    TupleToUserset("drive", "can_view"),
    TupleToUserset("drive", "owns"),
]
ODD = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(tuple).map(Union),
        st.lists(inner, min_size=2, max_size=3).map(tuple).map(Intersection),
        st.tuples(inner, inner).map(lambda sides: Difference(*sides)),
    ),
    max_leaves=6,
)


@examples
@given(st.data())
def test_odd_models(data: st.DataObject) -> None:
    """Any nesting of and, or, but not over grants and edges; null columns on every side of it."""
    create_tables()
    shipped = shipped_model()
    odd = Relation("odd", data.draw(ODD))
    file_type = shipped.types["file"]
    changed = TypeDefinition("file", {**file_type.relations, "odd": odd})
    model = replace(shipped, types={**shipped.types, "file": changed})
    tree = data.draw(trees())
    compare(model, tree, data.draw(grants(model, tree)), {"file": ["odd"]})


PLACED = [TypeRestriction("folder"), TypeRestriction("drive")]
RECURSIVE: list[Rewrite] = [
    *LEAVES,
    *(TupleToUserset(edge, "odd") for edge in ("parent", "parent", "parent", "ancestor", "drive")),
    *(TupleToUserset("parent", name) for name in ("can_view", "blocked", "even")),
    *(Computed(name) for name in ("odd", "even")),
]


def recursive(leaves: list[Rewrite]) -> st.SearchStrategy[Rewrite]:
    return st.recursive(
        st.sampled_from(leaves),
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(tuple).map(Union),
            st.lists(inner, min_size=2, max_size=3).map(tuple).map(Union),
            st.lists(inner, min_size=2, max_size=2).map(tuple).map(Intersection),
            st.tuples(inner, inner).map(lambda sides: Difference(*sides)),
        ),
        max_leaves=5,
    )


@st.composite
def recursive_models(draw: st.DrawFn) -> AuthorizationModel:
    """The shipped model with ``parent``, stored projects above the drives, and relations that ask themselves again.

    Some of them recurse in ways that cannot be planned, or hold usersets of the tree: those the engine lists.
    """
    shipped = shipped_model()
    types = dict(shipped.types)
    names = draw(st.lists(st.sampled_from(["odd", "even"]), min_size=2, max_size=2))
    tied = [TypeRestriction("folder", "can_view")] if draw(st.booleans()) else []
    for name in ("folder", "file"):
        leaves = [leaf for leaf in RECURSIVE if name == "file" or getattr(leaf, "relation", "") not in ONLY_OF_FILES]
        relations = dict(types[name].relations)
        relations["parent"] = Relation("parent", Direct(), tuple(PLACED))
        relations["held_by"] = Relation("held_by", Direct(), (TypeRestriction("user"), *tied))
        for odd in ("odd", "even"):
            rewrite = draw(recursive(leaves)) if odd in names else Computed("viewer")
            relations[odd] = Relation(odd, Union((Computed(draw(st.sampled_from(["viewer", "held_by"]))), rewrite)))
        types[name] = TypeDefinition(name, relations)
    project = parse(PROJECTS).types["project"]
    drive = dict(types["drive"].relations)
    drive["project"] = Relation("project", Direct(), (TypeRestriction("project"),))
    drive["odd"] = Relation("odd", Union((Computed("viewer"), TupleToUserset("project", "views"))))
    drive["even"] = Relation("even", Difference(Computed("owner"), TupleToUserset("project", "viewer")))
    return replace(shipped, types={**types, "drive": TypeDefinition("drive", drive), "project": project})


ONLY_OF_FILES = {"quarantined", "uploaded_by"}
PROJECTS = """model
  schema 1.1
type user
type project
  relations
    define parent: [project]
    define viewer: [user]
    define views: viewer or views from parent
"""


@examples
@given(st.data())
def test_recursive_models(data: st.DataObject) -> None:
    """Recursion of any kind, usersets of the tree, edges that are stored, with rings among them."""
    create_tables()
    model = data.draw(recursive_models())
    tree = data.draw(trees())
    tuples = data.draw(grants(model, tree))
    asked = {"folder": ["odd", "even"], "file": ["odd", "even"]}
    compare(model, tree, tuples, asked)
    compare(model, data.draw(moves(tree)), tuples, asked)


def test_a_model_whose_groups_exclude_somebody_is_listed_by_the_engine() -> None:
    """``but not`` among the groups cannot be a rule of the query: the engine lists those groups first."""
    create_tables()
    shipped = shipped_model()
    group = shipped.types["group"].relations
    member = group["member"]
    banned = Relation("banned", member.rewrite, member.restrictions[:1])
    allowed = Relation("allowed", member.rewrite, member.restrictions[:2])
    narrowed = Relation("member", Difference(Computed("allowed"), Computed("banned")))
    changed = TypeDefinition("group", {**group, "banned": banned, "allowed": allowed, "member": narrowed})
    model = replace(shipped, types={**shipped.types, "group": changed})
    tree = Tree(["d1"], {}, {"i1": (None, "d1")})
    tuples = [
        TupleKey("group:1#member", "viewer", "file:i1"),
        TupleKey("user:a", "allowed", "group:1"),
        TupleKey("user:b", "allowed", "group:1"),
        TupleKey("user:b", "banned", "group:1"),
    ]
    compare(model, tree, tuples, {"file": ["can_view", "can_edit"]})
    client = EmbeddedClient(model, clock=timezone.now, structure=STRUCTURE)
    assert by_sql(client, "user:a", "can_view", "file", []) == {"file:i1"}
    assert by_sql(client, "user:b", "can_view", "file", []) == set()


TIED = """model
  schema 1.1
type user
type drive
type folder
  relations
    define parent: [folder]
    define viewer: [user]
    define can_view: viewer or can_view from parent
type file
  relations
    define parent: [folder]
    define viewer: [user, folder#can_view]
    define can_view: viewer or can_view from parent
"""
"""A grant that leads to any folder, wherever the file itself may lie."""


def test_whole_questions_read_the_places_that_nobody_can_tell() -> None:
    create_tables()
    tree = Tree(["d1"], {"top": (None, "d1"), "inner": ("top", "d1")}, {"f": (None, "d1"), "deep": ("inner", "d1")})
    tuples = [TupleKey("folder:inner#can_view", "viewer", "file:f"), TupleKey("user:a", "viewer", "folder:top")]
    compare(parse(TIED), tree, tuples, {"folder": ["can_view"], "file": ["can_view"]}, ["user:a", "user:b"])


UPWARDS = """model
  schema 1.1
type user
type drive
  relations
    define can_view: [user]
type folder
  relations
    define drive: [drive]
    define parent: [folder]
    define viewer: [user]
    define can_view: viewer or can_view from parent or can_view from drive
type file
  relations
    define parent: [folder]
    define can_view: can_view from parent
"""


def test_conditions_of_rows_and_edges_may_have_alternatives() -> None:
    """What is written ``a OR b`` and stands beside an ``AND``: by itself it lets nobody see anything."""
    create_tables()
    some = "{row}drive = 'd1' OR {row}drive = 'd2'"
    edges = {
        "drive": ColumnEdge("drive", "drive", condition=some),
        "parent": ColumnEdge("folder", "folder", condition=some),
    }
    tables = {name: replace(STRUCTURE.rows[name], edges=edges, condition=some) for name in ("folder", "file")}
    client = EmbeddedClient(parse(UPWARDS), clock=timezone.now, structure=Structure({**STRUCTURE.rows, **tables}))
    tree = Tree(["d1", "d2"], {"top": (None, "d1"), "in": ("top", "d1")}, {"deep": ("in", "d1"), "other": (None, "d2")})
    given = [TupleKey("user:a", "can_view", "drive:d1"), TupleKey("user:b", "viewer", "folder:in")]
    insert("default", given, timezone.now())
    with tree.stored():
        for actor, type_name in itertools.product(("user:a", "user:b", "user:c"), ("folder", "file")):
            expected = client.list_objects(ListObjectsRequest(actor, "can_view", type_name))
            assert sorted(by_sql(client, actor, "can_view", type_name, [])) == expected, (actor, type_name)
    assert expected == []


def test_granted_is_one_statement_for_thousands() -> None:
    client = EmbeddedClient(shipped_model(), clock=timezone.now, structure=STRUCTURE)
    keys = [TupleKey("group:1#member", "viewer", f"file:i{number}") for number in range(0, 3000, 2)]
    insert("default", [*keys, TupleKey("user:a", "member", "group:1")], timezone.now())
    wanted = [(f"file:i{number}", relation) for number in range(3000) for relation in ("viewer", "owner")]
    with CaptureQueriesContext(connection) as queries:
        found = client.granted(Asker("user:a"), wanted)
    assert len(queries) == 1
    assert found == {(key.object, "viewer") for key in keys}
    assert client.granted(Asker("user:b"), wanted) == set()
    assert client.granted(Asker("user:b"), []) == set()


def test_a_membership_for_one_question_brings_what_the_model_says_of_it() -> None:
    client = EmbeddedClient(shipped_model(), clock=timezone.now, structure=STRUCTURE)
    insert("default", [TupleKey("organization:o#member", "viewer", "file:i1")], timezone.now())
    wanted = {("file:i1", "viewer")}
    assert client.granted(Asker("user:a", ("organization:o#admin",)), wanted) == wanted
    assert client.granted(Asker("user:a"), wanted) == set()
