"""A projection serves later requests, and none that would be answered otherwise without it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authz.clients.openfga.calls import Call, Deadline
from authz.clients.openfga.client import OpenFGAClient
from authz.clients.openfga.feed import ChangeFeed
from authz.clients.openfga.kept import KeptProjections, LogState
from authz.clients.openfga.models import write_model
from authz.clients.openfga.moments import Moments
from authz.clients.openfga.projection import Projection
from authz.clients.openfga.wire import tuple_json
from authz.dsl import parse
from authz.errors import InvalidContext, MissingContext
from authz.models import RelationshipTuple, TupleChange
from authz.services.shipped_model import shipped_model
from authz.testing.condition_contract import AT_THE_END, BEFORE, CONDITION_MODEL, until
from authz.testing.contract import key
from authz.types import Asker, TupleKey
from tests.authz.clients.tree import STRUCTURE

MakeClient = Callable[..., OpenFGAClient]

EXAMPLES = 150 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 12
ANN, BOB = Asker("user:a"), Asker("user:b")
WANTED = {(f"file:i{number}", relation) for number in range(60) for relation in ("viewer", "editor")}
VIEWER = ("file:i1", "viewer")
ONE = key("user:a viewer file:i1")
STRICTER = """model
  schema 1.1
type user
type group
  relations
    define member: [user]
type file
  relations
    define viewer: [user, group#member] and editor
    define editor: [user]
"""


def keeping(client: OpenFGAClient, seconds: float = 60) -> OpenFGAClient:
    """As another process would be: with a memory of its own."""
    kept = KeptProjections(seconds)
    return OpenFGAClient(client.model, client.remote, clock=timezone.now, structure=STRUCTURE, kept=kept)


def paths(client: OpenFGAClient) -> list[str]:
    calls: list[Call] = client.remote.sender.calls  # type: ignore[attr-defined]
    found = [call.path.rpartition("/")[2] for call in calls]
    calls.clear()
    return found


def others_write(client: OpenFGAClient, verb: str, *keys: TupleKey) -> None:
    body = {verb: {"tuple_keys": list(map(tuple_json, keys))}}
    client.remote.send([client.remote.call("write", body)], Deadline())


@pytest.fixture
def client(openfga_client: MakeClient) -> OpenFGAClient:
    return openfga_client(shipped_model(), STRUCTURE)


@pytest.mark.django_db(transaction=True)
def test_a_later_request_costs_a_look_at_both_logs(client: OpenFGAClient) -> None:
    process = keeping(client)
    process.write(writes=[ONE])
    assert process.granted(ANN, WANTED) == {VIEWER}
    assert paths(client).count("streamed-list-objects") == 2
    with CaptureQueriesContext(connection) as queries:
        assert process.granted(ANN, WANTED) == {VIEWER}
    assert (paths(client), len(queries)) == (["changes"], 1)
    assert process.granted(BOB, WANTED) == set()
    assert "streamed-list-objects" in paths(client)


@pytest.mark.django_db(transaction=True)
def test_what_is_taken_back_in_another_process_is_gone_at_the_next_request(client: OpenFGAClient) -> None:
    one, other = keeping(client), keeping(client)
    one.write(writes=[ONE])
    for _ in range(2):
        assert one.granted(ANN, WANTED) == other.granted(ANN, WANTED) == {VIEWER}
    one.write(deletes=[ONE])
    assert one.granted(ANN, WANTED) == other.granted(ANN, WANTED) == set()


@pytest.mark.django_db(transaction=True)
def test_what_others_change_is_seen_at_the_next_request(client: OpenFGAClient) -> None:
    process = keeping(client)
    for verb, expected in (("writes", {VIEWER}), ("deletes", set[tuple[str, str]]())) * 3:
        process.granted(ANN, WANTED)
        others_write(client, verb, ONE)
        assert process.granted(ANN, WANTED) == expected


@pytest.mark.django_db(transaction=True)
def test_a_whole_check_and_an_open_transaction_rest_on_nothing_that_was_kept(client: OpenFGAClient) -> None:
    process = keeping(client)
    process.write(writes=[ONE])
    process.granted(ANN, WANTED)
    with transaction.atomic():
        process.write(deletes=[ONE])
        assert process.granted(ANN, WANTED) == set()
        transaction.set_rollback(True)
    assert process.granted(ANN, WANTED) == {VIEWER}


@pytest.mark.django_db(transaction=True)
def test_one_memory_serves_the_clients_of_all_models_and_none_with_what_another_said(client: OpenFGAClient) -> None:
    stricter = write_model(client.remote.sender, client.remote.store_id, parse(STRICTER))
    kept, feed, moments = KeptProjections(60), ChangeFeed(timezone.now()), Moments()
    before, after = (
        OpenFGAClient(model, remote, clock=timezone.now, structure=STRUCTURE, moments=moments, kept=kept, feed=feed)
        for model, remote in (
            (client.model, client.remote),
            (parse(STRICTER), replace(client.remote, model_id=stricter)),
        )
    )
    before.write(writes=[ONE])
    with moments.moment():
        assert before.granted(ANN, WANTED) == {VIEWER}
        assert after.granted(ANN, WANTED) == set()
    for _ in range(2):
        assert before.granted(ANN, WANTED) == {VIEWER}
        assert after.granted(ANN, WANTED) == set()
    assert paths(client).count("streamed-list-objects") == 4


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_revocation_with_a_lower_id_that_commits_later_is_seen(client: OpenFGAClient) -> None:
    process = keeping(client)
    process.write(writes=[ONE])
    written, go = threading.Event(), threading.Event()

    def revoke() -> None:
        try:
            with transaction.atomic():
                keeping(client).write(deletes=[ONE])
                written.set()
                assert go.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=revoke)
    thread.start()
    assert written.wait(10)
    process.write(writes=[key("user:other viewer file:i2")])
    assert process.granted(ANN, WANTED) == {VIEWER}
    go.set()
    thread.join(10)
    assert process.granted(ANN, WANTED) == set()


STEPS = st.lists(
    st.tuples(
        st.sampled_from([ONE, key("user:a member group:g"), key("group:g#member editor file:i2")]),
        st.booleans(),
        st.booleans(),
        st.integers(0, 2),
    ),
    max_size=10,
)


@pytest.mark.django_db(transaction=True)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_every_answer_is_that_of_a_client_that_keeps_nothing(
    openfga_client: MakeClient, steps: list[tuple[TupleKey, bool, bool, int]]
) -> None:
    """We and others write and delete, in any order; several processes are asked after each."""
    TupleChange.objects.all().delete()
    RelationshipTuple.objects.all().delete()
    client = openfga_client(shipped_model(), STRUCTURE)
    processes = [keeping(client) for _ in range(3)]
    there: set[TupleKey] = set()
    for each, write, ours, writer in steps:
        if ours and write:
            processes[writer].write(writes=[each], on_duplicate="ignore")
        elif ours:
            processes[writer].write(deletes=[each], on_missing="ignore")
        elif write is (each not in there):
            others_write(client, "writes" if write else "deletes", each)
        there = set(client.remote.read_all([{}])[0])
        expected = client.granted(ANN, WANTED)
        for process in processes:
            assert process.granted(ANN, WANTED) == expected


def projection(size: int) -> Projection:
    found = Projection(lambda nodes: {node: frozenset(map(str, range(size))) for node in nodes})
    found.need([("file", "viewer")])
    return found


def test_time_ends_it_and_so_does_a_change() -> None:
    now = [0.0]
    kept = KeptProjections(2, clock=lambda: now[0])
    before, one = LogState("7", 1), projection(1)
    kept.keep("a", one, before)
    now[0] = 1.9
    assert kept.get("a", before) is one
    now[0] = 2.0
    assert kept.get("a", before) is None
    for later in (LogState("8", 1), LogState("7", 2)):
        kept.keep("a", one, before)
        assert kept.get("a", later) is None
        assert kept.get("a", before) is None, "what was too old once stays so"


def test_memory_is_bounded_and_the_least_used_goes_first() -> None:
    kept = KeptProjections(60, max_ids=100)
    state = LogState("7", 1)
    for name in "abc":
        kept.keep(name, projection(40), state)
        kept.get("a", state)
    assert [name for name in "abc" if kept.get(name, state) is not None] == ["a", "c"]
    grows = projection(10)
    kept.keep("d", grows, state)
    grows.need([("file", relation) for relation in ("owner", "editor", "commenter", "blocked", "held")])
    assert kept.get("a", state) is not None
    assert kept.get("c", state) is None, "a set that is loaded later counts too"


@pytest.mark.django_db(transaction=True)
def test_what_holds_under_a_context_is_asked_for_each_context(openfga_client: MakeClient) -> None:
    """When a condition ends is known to its expression alone."""
    client = openfga_client(CONDITION_MODEL)
    client.write(writes=[until("user:a viewer folder:1"), key("user:a viewer folder:2"), key("user:a editor folder:3")])
    process = OpenFGAClient(client.model, client.remote, clock=timezone.now, kept=KeptProjections(60))
    wanted = {(f"folder:{number}", "viewer") for number in range(60)}
    both = {("folder:1", "viewer"), ("folder:2", "viewer")}
    for context, expected in ((BEFORE, both), (AT_THE_END, both - {("folder:1", "viewer")})) * 2:
        with process._moments.moment():
            place = {**context, "address": "10.0.0.1"}
            assert process.granted(Asker("user:a", (), place), wanted) == expected
            assert process.granted(Asker("user:a", (), place), set(list(wanted)[:10]) | both) == expected
    with pytest.raises(MissingContext):
        process.granted(ANN, wanted)
    with pytest.raises(InvalidContext):
        process.granted(Asker("user:a", (), {"now": timezone.now()}), wanted)
    # On its way, and not there yet, it counts under the same condition.
    with transaction.atomic():
        process.write(writes=[until("user:a viewer folder:4")])
        place = {**BEFORE, "address": "10.0.0.1"}
        assert process.granted(Asker("user:a", (), place), wanted) == both | {("folder:4", "viewer")}
        transaction.set_rollback(True)
