"""The edges that rows tell are those of the tree, whatever its shape, before and after a move."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authz.clients.sql.edges import StructureEdges
from authz.dsl import parse
from authz.services.shipped_model import shipped_model
from tests.authz.clients.tree import STRUCTURE, Tree, create_tables, moves, trees

pytestmark = pytest.mark.django_db

WITH_PARENTS = parse(
    """model
  schema 1.1
type drive
type folder
  relations
    define parent: [folder, drive]
type file
  relations
    define parent: [folder, drive]
    define ancestor: [folder]
"""
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_all_edges_that_the_model_has_a_relation_for(data: st.DataObject) -> None:
    create_tables()
    tree: Tree = data.draw(trees())
    for model in (shipped_model(), WITH_PARENTS):
        edges = StructureEdges(model, STRUCTURE, "default")
        for each in (tree, data.draw(moves(tree))):
            told = set(each.structure_tuples(model))
            with each.stored():
                assert {key for page in edges.pages() for key in page} == told
                for name in each.objects():
                    assert set(edges.of([name])) == {key for key in told if key.object == name}


def test_what_is_not_there_has_no_edges() -> None:
    create_tables()
    edges = StructureEdges(shipped_model(), STRUCTURE, "default")
    with Tree(["d1"], {}, {}).stored():
        assert edges.of(["file:gone", "user:a", "group:g"]) == []
        assert edges.sample("file", 5) == edges.sample("user", 5) == []
        assert edges.sample("drive", 5) == ["drive:d1"]
