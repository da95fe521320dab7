"""Leaving contextual tuples out changes no answer."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authz.clients.openfga.contextual import ContextualTuples
from authz.engine.check import check
from authz.engine.memory import MemoryTuples
from authz.engine.typesystem import typesystem_of
from authz.services.shipped_model import shipped_model
from authz.testing.contract import CONTRACT_MODEL, key
from authz.types import CheckRequest, TupleKey
from tests.authz.clients.tree import ACTORS, STRUCTURE, grants, trees

EXAMPLES = 2000 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 60
examples = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
ASKED = [
    *(("drive", relation) for relation in ("can_view", "can_manage")),
    *(("folder", relation) for relation in ("can_view", "can_upload", "viewer")),
    *(("file", relation) for relation in ("can_view", "can_delete", "can_finalize")),
    ("group", "member"),
]


@examples
@given(st.data())
def test_the_shipped_model(data: st.DataObject) -> None:
    model = shipped_model()
    tree = data.draw(trees())
    granted = data.draw(grants(model, tree))
    contextual = [each for each in granted if data.draw(st.booleans())] + tree.structure_tuples(model)
    stored = MemoryTuples(each for each in granted if each not in contextual)
    told = ContextualTuples(typesystem_of(model), STRUCTURE.edges(), contextual)
    for type_name, relation in ASKED:
        names = [name for name in [*tree.objects(), "group:1"] if name.startswith(f"{type_name}:")]
        of_type = told.relevant_of_type(type_name, relation)
        for name in names:
            few = told.relevant(name, relation)
            assert set(few) <= set(of_type) <= set(contextual)
            for user in ACTORS:
                full = check(model, stored, CheckRequest(user, relation, name, tuple(contextual)))
                assert check(model, stored, CheckRequest(user, relation, name, tuple(few))) is full
                assert check(model, stored, CheckRequest(user, relation, name, tuple(of_type))) is full


POSSIBLE = [
    key(text)
    for text in (
        "user:ann member group:1", "group:1#member member group:2", "group:2#member member group:1",
        "user:ann keeper shelf:1", "group:2#member keeper shelf:2", "shelf:1 holder shelf:2", "shelf:2 holder shelf:3",
        "shelf:3 shelf book:1", "shelf:1 shelf book:2", "user:ann author book:1", "book:1#author reader book:2",
        "user:* reader book:1", "group:1#member banned book:1", "user:ann licensed book:2",
        "group:2#member reader book:1",
    )
]  # fmt: skip


@examples
@given(contextual=st.sets(st.sampled_from(POSSIBLE)), stored=st.sets(st.sampled_from(POSSIBLE)))
def test_where_any_tuple_may_be_stored(contextual: set[TupleKey], stored: set[TupleKey]) -> None:
    """No edge is the application's here: stored tuples may lead from anywhere to anywhere."""
    told = ContextualTuples(typesystem_of(CONTRACT_MODEL), (), contextual)
    reader = MemoryTuples(stored)
    for name, relation in (("book:1", "can_read"), ("book:2", "can_copy"), ("shelf:3", "keeps"), ("group:2", "member")):
        few = tuple(told.relevant(name, relation))
        for user in ("user:ann", "group:1#member"):
            full = check(CONTRACT_MODEL, reader, CheckRequest(user, relation, name, tuple(contextual)))
            assert check(CONTRACT_MODEL, reader, CheckRequest(user, relation, name, few)) is full


@pytest.mark.parametrize("depth", [8, 90])
def test_a_page_of_structure_becomes_the_way_up_from_one_file(depth: int) -> None:
    keys = [key("organization:o organization drive:d")]
    for file in range(20):
        keys += [key(f"folder:{file}-{level} ancestor file:{file}") for level in range(depth)]
        keys += [key(f"drive:d drive file:{file}")]
    told = ContextualTuples(typesystem_of(shipped_model()), STRUCTURE.edges(), keys)
    assert len(told.relevant("file:7", "can_view")) == depth + 2
