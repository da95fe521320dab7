"""The edges of rows as tuples: both ways, several targets, and a bound that is an error."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from authz.clients import row_tuples
from authz.clients.row_tuples import RowTuples
from authz.clients.sql.edges import StructureEdges
from authz.clients.sql.structure import Structure
from authz.engine.memory import MemoryTuples
from authz.engine.reader import Found, ObjectQuery, SubjectQuery
from authz.errors import ResolutionTooComplex
from authz.services.shipped_model import shipped_model
from authz.types import TupleKey
from tests.authz.clients.tree import STRUCTURE, Tree, create_tables

pytestmark = pytest.mark.django_db

TREE = Tree(["d1", "d2"], {"top": (None, "d1"), "sub": ("top", "d1")}, {"deep": ("sub", "d1"), "loose": (None, "d2")})


def reader() -> RowTuples:
    create_tables()
    stored = MemoryTuples([TupleKey("user:a", "viewer", "file:deep")])
    return RowTuples(stored, STRUCTURE, "default")


def test_every_edge_of_the_tree_is_read_both_ways() -> None:
    found = reader()
    edges = [(name, tupleset, target) for (name, tupleset), targets in TREE.edges().items() for target in targets]
    with TREE.stored():
        for name, tupleset, _ in edges:
            (subjects,) = found.subjects([SubjectQuery(name, tupleset)])
            assert {each.name for each in subjects} == set(TREE.edges()[name, tupleset])
        for name, tupleset, target in edges:
            (objects,) = found.objects([ObjectQuery(name.partition(":")[0], tupleset, target)])
            assert Found(name) in objects
            expected = {each for each, edge, to in edges if (edge, to) == (tupleset, target)}
            assert {each.name for each in objects} == {
                each for each in expected if each.split(":")[0] == name.split(":")[0]
            }


def test_what_stands_in_no_row_is_a_stored_tuple() -> None:
    found = reader()
    with TREE.stored():
        queries = [SubjectQuery("file:deep", "viewer", "user:a"), SubjectQuery("file:deep", "drive", "user:a")]
        assert found.subjects(queries) == [[Found("user:a")], [Found("drive:d1")]]
        assert found.objects([ObjectQuery("file", "viewer", "user:a")]) == [[Found("file:deep")]]
        assert found.objects([ObjectQuery("file", "drive", "group:g#member")]) == [[]]


def test_an_edge_of_one_object_is_told_to_all_who_ask_for_it() -> None:
    """About two users, and about nobody in particular: those are different questions."""
    found = reader()
    with TREE.stored():
        queries = [SubjectQuery("file:deep", "drive", user) for user in (None, "drive:d1", "drive:d2")]
        assert found.subjects(queries) == [[Found("drive:d1")]] * 3


def test_what_is_no_object_of_its_type_has_no_edge_and_gets_none() -> None:
    """As the root folder of a drive: nothing leads to it, forwards or backwards, also where the tree is mirrored."""
    create_tables()
    folders = replace(STRUCTURE.rows["folder"], condition="{row}id <> 'top'")
    structure = Structure({**STRUCTURE.rows, "folder": folders})
    found = RowTuples(MemoryTuples([]), structure, "default")
    with TREE.stored():
        queries = [
            SubjectQuery("file:deep", "ancestor"),
            SubjectQuery("folder:sub", "parent"),
            SubjectQuery("folder:top", "drive"),
        ]
        assert found.subjects(queries) == [[Found("folder:sub")], [], []]
        assert found.objects([ObjectQuery("file", "ancestor", f"folder:{name}") for name in ("top", "sub")]) == [
            [],
            [Found("file:deep")],
        ]
        edges = StructureEdges(shipped_model(), structure, "default")
        assert {key.user for key in edges.of(["file:deep"]) if key.relation == "ancestor"} == {"folder:sub"}


def test_many_questions_about_one_edge_are_one_statement() -> None:
    found = reader()
    with TREE.stored(), CaptureQueriesContext(connection) as queries:
        found.subjects([SubjectQuery(f"file:{number}", "drive") for number in range(500)])
    assert len(queries) == 1


def test_more_than_can_be_judged_one_by_one_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_tuples, "MAX_ROWS", 1)
    found = reader()
    with TREE.stored():
        assert found.objects([ObjectQuery("file", "drive", "drive:d1")]) == [[Found("file:deep")]]
        with pytest.raises(ResolutionTooComplex):
            found.objects([ObjectQuery("drive", "organization", "organization:o")])
