"""Projection, whole check by the server and embedded engine are one answer, also for grants that are on their way."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authz.clients.embedded import EmbeddedClient
from authz.clients.openfga.calls import Deadline
from authz.clients.openfga.client import OpenFGAClient
from authz.clients.openfga.outbox import append
from authz.clients.openfga.wire import tuple_json
from authz.clients.sql.dialect import Sql
from authz.clients.sql.predicate import VisibilitySql
from authz.clients.tuples import insert
from authz.dsl import parse
from authz.engine.evaluation import Evaluation
from authz.engine.plan import grants_of
from authz.errors import UnplannableRelation
from authz.models import RelationshipTuple, TupleChange
from authz.services.shipped_model import shipped_model
from authz.testing.contract import key
from authz.types import Asker, CheckRequest, TupleKey
from tests.authz.clients.tree import ACTORS, STRUCTURE, Tree, by_sql, create_tables, fetched, grants, listed, trees

MakeClient = Callable[..., OpenFGAClient]

MOST_LISTS = 25
"""What a page with all flags asks of a server, at most; the pages tell it."""

EXAMPLES = 300 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 6
ASKED = {
    "drive": ["can_view", "can_edit", "can_manage"],
    "folder": ["can_view", "can_upload"],
    "file": ["can_view", "can_download", "can_delete", "can_finalize"],
}
BEARER = "share_link:l#bearer"


def by_plan(
    client: OpenFGAClient, tree: Tree, actor: str, relation: str, names: list[str], usersets: list[str]
) -> set[str]:
    found = set()
    for name in names:
        node = (name.partition(":")[0], relation)
        plan = client.page_plans(frozenset({node})).plans[node]
        reached = [name, "organization:o", *tree.objects()]
        wanted = {(other, r) for t, r in grants_of(plan) for other in reached if other.startswith(f"{t}:")}
        if Evaluation(client.granted(Asker(actor, tuple(usersets)), wanted), tree.edges()).satisfies(name, plan):
            found.add(name)
    return found


@pytest.mark.django_db
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=False)
@given(data=st.data())
def test_all_answers_are_one(openfga_client: MakeClient, data: st.DataObject) -> None:
    """Some grants are on the server, some are on their way to it, and some that are there are on their way out."""
    create_tables()
    model = shipped_model()
    tree = data.draw(trees())
    tuples = data.draw(grants(model, tree))
    on_their_way = [each for each in tuples if data.draw(st.booleans())]
    on_their_way_out = [each for each in data.draw(grants(model, tree))[:3] if each not in tuples]
    client = openfga_client(model, STRUCTURE)
    RelationshipTuple.objects.all().delete()
    TupleChange.objects.all().delete()
    stored = [each for each in tuples if each not in on_their_way] + on_their_way_out
    if stored:
        client.remote.send(
            [client.remote.call("write", {"writes": {"tuple_keys": list(map(tuple_json, stored))}})], Deadline()
        )
    append("default", on_their_way, on_their_way_out, timezone.now())
    insert("default", tuples, timezone.now())
    embedded = EmbeddedClient(model, clock=timezone.now, structure=STRUCTURE)
    with tree.stored():
        for actor in data.draw(st.lists(st.sampled_from(ACTORS), min_size=2, max_size=2, unique=True)):
            usersets = [BEARER] if actor == "anonymous:v" else []
            bearer = [TupleKey(actor, "bearer", "share_link:l")] if usersets else []
            context = (*tree.structure_tuples(model), *bearer)
            for type_name, relations in ASKED.items():
                names = [name for name in tree.objects() if name.startswith(f"{type_name}:")]
                questions = [CheckRequest(actor, relation, name, context) for relation in relations for name in names]
                verdicts = client.batch_check(questions)
                assert verdicts == embedded.batch_check(questions), (actor, type_name)
                for relation in relations:
                    expected = {
                        question.object
                        for question, allowed in zip(questions, verdicts, strict=True)
                        if allowed and question.relation == relation
                    }
                    assert by_sql(client, actor, relation, type_name, usersets) == expected, (actor, relation)
                    assert by_plan(client, tree, actor, relation, names, usersets) == expected, (actor, relation)


@pytest.mark.django_db
def test_fifty_thousand_grants_are_one_parameter(openfga_client: MakeClient) -> None:
    """More than SQLite or PostgreSQL take as parameters of a statement."""
    create_tables()
    client = openfga_client(shipped_model(), STRUCTURE)
    with Tree(["d1"], {}, {"i49999": (None, "d1"), "other": (None, "d1")}).stored():
        ids = frozenset(f"i{number}" for number in range(50_000))
        sql = client.predicate(Asker("user:a"), "can_view", "file", "n")
        at_once = json.dumps(sorted(ids))

        def filled(part: Sql) -> Sql:
            params = tuple(at_once if each == "[]" else each for each in part.params)
            assert at_once in params
            return Sql(part.text, params)

        predicate = sql.predicate.filled(filled)
        # Everybody of these is both granted and denied, so nothing is left; without the denial one is.
        assert listed(VisibilitySql(sql.ctes, predicate), "file") == set()
        head = f"WITH RECURSIVE {sql.ctes.text} "
        candidates = fetched(head + predicate.candidates.text, predicate.candidates.params)
        assert {name for (name,) in candidates} >= ids


@pytest.mark.django_db(transaction=True)
def test_a_page_asks_for_each_list_once(openfga_client: MakeClient) -> None:
    client = openfga_client(shipped_model(), STRUCTURE)
    client.write(writes=[key("user:a viewer drive:d1"), key("user:a viewer file:i1")])
    calls = client.remote.sender.calls  # type: ignore[attr-defined]
    calls.clear()
    with client._moments.moment(), CaptureQueriesContext(connection) as queries:
        for type_name in ("folder", "file"):
            client.predicate(Asker("user:a"), "can_view", type_name, "n")
        plans = client.page_plans(frozenset(("file", relation) for relation in ASKED["file"]))
        wanted = {(f"file:i{number}", relation) for number in range(100) for relation in plans.grants["file"]}
        assert client.granted(Asker("user:a"), wanted) == {("file:i1", "viewer")}
        assert len(queries) == 1
        lists = [(call.body["type"], call.body["relation"]) for call in calls]
        assert len(lists) == len(set(lists)) <= MOST_LISTS
        client.write(writes=[key("user:a editor file:i2")])
        assert client.granted(Asker("user:a"), wanted) == {("file:i1", "viewer"), ("file:i2", "editor")}
    assert client.granted(Asker("user:b"), wanted) == set()


@pytest.mark.django_db(transaction=True)
def test_nothing_of_an_undone_transaction_is_remembered(openfga_client: MakeClient) -> None:
    client = openfga_client(shipped_model(), STRUCTURE)
    wanted = {(f"file:i{number}", "viewer") for number in range(60)}
    with client._moments.moment():
        with transaction.atomic():
            client.write(writes=[key("user:a viewer file:i1")])
            assert client.granted(Asker("user:a"), wanted) == {("file:i1", "viewer")}
            assert client.check(CheckRequest("user:a", "viewer", "file:i1"))
            transaction.set_rollback(True)
        assert client.granted(Asker("user:a"), wanted) == set()
        assert not client.check(CheckRequest("user:a", "viewer", "file:i1"))


@pytest.mark.django_db
def test_a_few_grants_are_one_batch(openfga_client: MakeClient) -> None:
    client = openfga_client(shipped_model(), STRUCTURE)
    client.write(writes=[key("group:g#member viewer file:i1"), key("user:a member group:g")])
    calls = client.remote.sender.calls  # type: ignore[attr-defined]
    calls.clear()
    wanted = {(f"file:i{number}", "viewer") for number in range(50)}
    assert client.granted(Asker("user:a"), wanted) == {("file:i1", "viewer")}
    assert [call.path.rpartition("/")[2] for call in calls] == ["batch-check"]


@pytest.mark.parametrize(
    ("definition", "why"),
    [
        ("[user] but not banned", "says no"),
        ("[user] and licensed", "says no"),
        ("[user] or careful", "leads to"),
    ],
)
@pytest.mark.django_db
def test_what_the_server_cannot_list_without_the_tree_is_not_listed(
    openfga_client: MakeClient, definition: str, why: str
) -> None:
    """``reader`` as a list would leave out, or put in, what only the tree can tell."""
    model = parse(
        f"""model
  schema 1.1
type user
type folder
  relations
    define trusted: [user]
type file
  relations
    define ancestor: [folder]
    define exempt: trusted from ancestor
    define banned: [user]
    define licensed: [user] or exempt
    define careful: licensed but not banned
    define reader: {definition}
    define can_view: reader or exempt
"""
    )
    client = openfga_client(model, STRUCTURE)
    with pytest.raises(UnplannableRelation, match=why):
        client.page_plans(frozenset({("file", "can_view")}))
    client.predicate(Asker("user:a"), "can_view", "file", "n")


@pytest.mark.django_db
def test_ninety_folders_above_are_asked_of_the_server_and_two_hundred_are_answered_too(
    openfga_client: MakeClient,
) -> None:
    client = openfga_client(shipped_model(), STRUCTURE)
    client.write(writes=[key("user:a viewer folder:f3"), key("user:b blocked folder:f4"), key("user:b viewer drive:d")])
    calls = client.remote.sender.calls  # type: ignore[attr-defined]
    for depth, path in ((90, "check"), (200, "read")):
        context = [key("drive:d drive file:i"), key("organization:o organization drive:d")]
        context += [key(f"folder:f{number} ancestor file:i") for number in range(depth)]
        calls.clear()
        for user, allowed in (("user:a", True), ("user:b", False), ("user:c", False)):
            assert client.check(CheckRequest(user, "can_view", "file:i", tuple(context))) is allowed
        assert {call.path.rpartition("/")[2] for call in calls} == {path}
