"""Changes reach the server in order, once it is there, whatever breaks on the way; and they count before they do."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authz.clients.openfga.calls import Deadline
from authz.clients.openfga.client import OpenFGAClient
from authz.clients.openfga.delivery import Courier
from authz.clients.openfga.desired import Desired
from authz.clients.openfga.drift import Comparison
from authz.clients.openfga.failures import Refused
from authz.clients.openfga.outbox import Backlog, append, backlog
from authz.clients.openfga.wire import tuple_json
from authz.dsl import parse, to_text
from authz.errors import AuthorizationUnavailable
from authz.models import Delivery, DeliveryLease, RelationshipTuple, TupleChange
from authz.testing.condition_contract import CONDITION_MODEL, END, until
from authz.testing.contract import CONTRACT_MODEL, key
from authz.types import CheckRequest, ListObjectsRequest, ListUsersRequest, RelationshipCondition, TupleKey
from tests.authz.clients.openfga.unreliable import unreliable

MakeClient = Callable[..., OpenFGAClient]
pytestmark = pytest.mark.django_db(transaction=True)

ANN = key("user:ann reader book:1")
EXAMPLES = 1000 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 12


def waiting() -> int:
    return TupleChange.objects.filter(delivery=Delivery.PENDING).count()


def stored(client: OpenFGAClient) -> set[TupleKey]:
    """What the server has, whatever is on its way."""
    return set(client.remote.read_all([{}])[0])


def deliver(client: OpenFGAClient) -> bool:
    return Courier(client.remote, "default").deliver(Deadline())


def let_the_lease_run_out() -> None:
    DeliveryLease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def client(openfga_client: MakeClient) -> OpenFGAClient:
    return openfga_client(CONTRACT_MODEL)


def test_a_commit_delivers(client: OpenFGAClient) -> None:
    with transaction.atomic():
        client.write(writes=[ANN])
        assert stored(client) == set()
        assert client.check(CheckRequest("user:ann", "can_read", "book:1"))
    assert stored(client) == {ANN}
    assert waiting() == 0


def test_what_cannot_be_delivered_counts_all_the_same(client: OpenFGAClient) -> None:
    client.write(writes=[ANN, key("user:bob reader book:1")])
    away, _ = unreliable(client, *["not sent"] * 20)
    away.write(writes=[key("user:cat reader book:1")], deletes=[ANN])
    assert stored(client) == {ANN, key("user:bob reader book:1")}
    allowed = [away.check(CheckRequest(f"user:{name}", "can_read", "book:1")) for name in ("ann", "bob", "cat")]
    assert allowed == [False, True, True]
    assert away.list_objects(ListObjectsRequest("user:ann", "can_read", "book")) == []
    assert away.list_objects(ListObjectsRequest("user:cat", "can_read", "book")) == ["book:1"]
    assert {each.user for each in away.read(object="book:1").tuples} == {"user:bob", "user:cat"}
    assert {each.user for each in away.read_objects(["book:1"])[0]} == {"user:bob", "user:cat"}
    assert deliver(client)
    assert {each.user for each in stored(client)} == {"user:bob", "user:cat"}


def test_whoever_has_committed_is_told_no_error(client: OpenFGAClient, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever it is: the change holds, and to do it again would be a conflict."""

    def breaks() -> None:
        raise OperationalError("database is locked")

    broken, _ = unreliable(client, breaks)
    broken.write(writes=[ANN])
    assert "database is locked" in caplog.text
    assert waiting() == 1
    let_the_lease_run_out()
    assert deliver(client)
    assert stored(client) == {ANN}


def test_what_another_model_does_not_allow_counts_for_nothing(
    client: OpenFGAClient, caplog: pytest.LogCaptureFixture
) -> None:
    """A model can be activated while a tuple that it does not allow is on its way: that one is in nobody's way."""
    robot = key("robot:r member group:g")
    away, _ = unreliable(client, *["not sent"] * 2)
    away.write(writes=[robot, ANN, key("group:g#member reader book:1")])
    strict = parse(to_text(CONTRACT_MODEL).replace("[user, robot, group#member]", "[user, group#member]"))
    remote = replace(away.remote, model_id=client.write_authorization_model(strict))
    other = OpenFGAClient(strict, remote, clock=timezone.now)
    with transaction.atomic():  # nothing is delivered meanwhile
        assert other.batch_check(
            [CheckRequest(user, "can_read", "book:1") for user in ("user:ann", "robot:r", "user:bob")]
        ) == [True, False, False]
        assert not other.check(CheckRequest("robot:r", "member", "group:g"))
        assert other.list_objects(ListObjectsRequest("robot:r", "member", "group")) == []
        assert other.list_users(ListUsersRequest("group:g", "member", "robot")) == []
        assert waiting() == 3
    # Under that model it is refused for good, and stops no other.
    assert deliver(OpenFGAClient(strict, replace(client.remote, model_id=remote.model_id), clock=timezone.now))
    assert stored(client) == {ANN, key("group:g#member reader book:1")}
    assert "refuses to write" in caplog.text


def test_another_process_sees_a_deletion_that_is_on_its_way_and_delivers_it(client: OpenFGAClient) -> None:
    client.write(writes=[key("user:ann member group:g"), key("group:g#member reader book:1")])
    away, _ = unreliable(client, "not sent")
    away.write(deletes=[key("user:ann member group:g")])
    assert waiting() == 1
    assert not client.check(CheckRequest("user:ann", "can_read", "book:1"))
    assert waiting() == 0


def test_a_write_of_which_nobody_knows_is_not_overtaken(client: OpenFGAClient) -> None:
    """It may still be on its way inside the server: what comes later waits until that is over."""
    lossy, sender = unreliable(client, "lost")
    lossy.write(writes=[ANN])
    lossy.write(deletes=[ANN])
    assert (len(sender.writes), waiting()) == (1, 2)
    assert not lossy.check(CheckRequest("user:ann", "can_read", "book:1"))
    assert len(sender.writes) == 1
    let_the_lease_run_out()
    assert deliver(lossy)
    assert (stored(client), waiting()) == (set(), 0)


def test_one_courier_at_a_time_and_no_lock_meanwhile(client: OpenFGAClient) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def wait_for_others() -> None:
        inside.set()
        assert go_on.wait(10)

    slow, sender = unreliable(client, wait_for_others)

    def write() -> None:
        try:
            slow.write(writes=[ANN])
        finally:
            connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    assert inside.wait(10)
    with transaction.atomic():  # another writer of the database is not held up
        append("default", [key("user:bob reader book:1")], [], timezone.now())
    assert not deliver(client)
    assert waiting() == 2
    go_on.set()
    thread.join()
    assert len(sender.writes) == 2
    assert stored(client) == {ANN, key("user:bob reader book:1")}


def test_a_courier_that_comes_back_too_late_undoes_no_revocation(client: OpenFGAClient) -> None:
    """It was stopped before its write went out; another took over, delivered that, and a deletion after it."""

    def others_go_on() -> None:
        let_the_lease_run_out()
        assert deliver(client)
        client.write(deletes=[ANN])
        assert stored(client) == set()

    late, _ = unreliable(client, others_go_on)
    late.write(writes=[ANN])
    assert not client.check(CheckRequest("user:ann", "can_read", "book:1"))
    assert deliver(client)
    assert stored(client) == set()


def test_a_bad_entry_stops_no_other(client: OpenFGAClient, caplog: pytest.LogCaptureFixture) -> None:
    bad = key("user:ann burns book:1")
    with transaction.atomic():
        append("default", [key("user:bob reader book:1"), bad, ANN], [], timezone.now())
    assert deliver(client)
    assert stored(client) == {ANN, key("user:bob reader book:1")}
    assert TupleChange.objects.get(relation="burns").delivery == Delivery.REFUSED
    assert "refuses to write" in caplog.text
    assert client.read(object="book:1").tuples.count(bad) == 0
    assert deliver(client)


@pytest.mark.parametrize("code", ["validation_error", "authorization_model_resolution_too_complex", "who knows"])
def test_what_is_not_refused_for_what_it_is_waits(client: OpenFGAClient, code: str) -> None:
    """As by a proxy that stands at the server's address for a while, and has found nothing."""

    def refuse() -> None:
        raise Refused(404, code, "there is nothing here")

    refused, _ = unreliable(client, refuse)
    refused.write(writes=[ANN])
    assert waiting() == 1
    let_the_lease_run_out()
    assert deliver(client)
    assert stored(client) == {ANN}


def test_a_deletion_that_is_refused_holds_all_the_same(client: OpenFGAClient) -> None:
    client.write(writes=[ANN])
    RelationshipTuple.objects.all().delete()
    TupleChange.objects.create(
        operation="delete", object_type="book", object_id="1", relation="reader", subject="user:ann",
        created_at=timezone.now(), delivery=Delivery.REFUSED,
    )  # fmt: skip
    assert not client.check(CheckRequest("user:ann", "can_read", "book:1"))
    client.write(writes=[ANN], on_duplicate="ignore")
    assert client.check(CheckRequest("user:ann", "can_read", "book:1"))


def test_more_than_a_write_takes(client: OpenFGAClient) -> None:
    keys = [key(f"user:u{number} reader book:{number % 7}") for number in range(250)]
    with transaction.atomic():
        for start in range(0, 250, 100):
            client.write(writes=keys[start : start + 100])
    assert stored(client) == set(keys)


def test_revocations_do_not_wait_behind_grants_of_other_objects(client: OpenFGAClient) -> None:
    client.write(writes=[ANN, key("user:bob reader book:1")])
    away, sender = unreliable(client, *["not sent"] * 20)
    for start in range(0, 300, 100):
        away.write(writes=[key(f"user:u{number} reader book:{number + 10}") for number in range(start, start + 100)])
    away.write(writes=[key("user:cat reader book:1")])
    away.write(deletes=[ANN])
    away.write(writes=[key("user:dan reader book:1")], deletes=[key("user:cat reader book:1")])
    sender.plan.clear()
    sender.writes.clear()
    assert deliver(away)
    first = sender.writes[0].body
    assert first is not None
    assert {each["object"] for name in ("writes", "deletes") for each in first[name]["tuple_keys"]} == {"book:1"}
    assert [each["user"] for each in first["writes"]["tuple_keys"]] == ["user:dan"]
    assert len(stored(client)) == 302


def test_the_backlog_tells_how_far_behind_the_server_is(client: OpenFGAClient) -> None:
    assert backlog("default") == Backlog(0, 0, None)
    away, _ = unreliable(client, *["not sent"] * 3)
    before = timezone.now()
    away.write(writes=[ANN])
    away.write(writes=[key("user:bob reader book:1")])
    found = backlog("default")
    assert (found.pending, found.refused) == (2, 0)
    assert found.oldest is not None
    assert before <= found.oldest <= timezone.now()
    TupleChange.objects.filter(subject="user:bob").update(delivery=Delivery.REFUSED)
    found = backlog("default")
    assert (found.pending, found.refused) == (1, 1)


def test_what_was_delivered_since_settles_a_refusal(client: OpenFGAClient) -> None:
    client.write(writes=[ANN])
    away, _ = unreliable(client, "not sent")
    away.write(deletes=[ANN])
    TupleChange.objects.filter(operation="delete").update(delivery=Delivery.REFUSED)
    assert not client.check(CheckRequest("user:ann", "can_read", "book:1"))
    client.write(writes=[ANN])
    assert client.check(CheckRequest("user:ann", "can_read", "book:1"))
    assert not TupleChange.objects.exclude(delivery=Delivery.DONE).exists()
    client.write(deletes=[ANN])
    assert not client.check(CheckRequest("user:ann", "can_read", "book:1"))


def test_a_changed_condition_is_delivered_and_counts_before(openfga_client: MakeClient) -> None:
    client = openfga_client(CONDITION_MODEL)
    name = "user:ann viewer folder:1"
    client.write(writes=[until(name, "2030-01-01T00:00:00Z")])
    away, _ = unreliable(client, *["not sent"] * 3)
    away.write(writes=[until(name)], deletes=[key(name)])
    at_the_end = {"now": END}
    assert not away.check(CheckRequest("user:ann", "can_view", "folder:1", (), at_the_end))
    assert away.list_objects(ListObjectsRequest("user:ann", "viewer", "folder", (), at_the_end)) == []
    assert stored(client) == {until(name, "2030-01-01T00:00:00Z")}
    assert deliver(client)
    assert stored(client) == {until(name)}


def test_a_tuple_that_stands_there_under_another_condition_is_replaced(openfga_client: MakeClient) -> None:
    """By whoever's hand: what we were told is what counts."""
    client = openfga_client(CONDITION_MODEL)
    ours = [until(f"user:u{number} viewer folder:1") for number in range(5)]
    there = [tuple_json(until("user:u3 viewer folder:1", "2030-01-01T00:00:00Z"))]
    client.remote.send([client.remote.call("write", {"writes": {"tuple_keys": there}})], Deadline())
    client.write(writes=ours)
    assert stored(client) == set(ours)
    assert not TupleChange.objects.exclude(delivery=Delivery.DONE).exists()


def test_large_contexts_fit_into_several_requests(openfga_client: MakeClient) -> None:
    client = openfga_client(CONDITION_MODEL)
    networks = {"networks": [f"10.{number % 250}.0.0/16" for number in range(1500)]}
    keys = [
        TupleKey("user:*", "viewer", f"folder:{n}", RelationshipCondition("in_office", networks)) for n in range(60)
    ]
    sender = client.remote.sender
    client.write(writes=keys)
    assert len([call for call in sender.calls if call.path.endswith("/write")]) > 3  # type: ignore[attr-defined]
    assert len(stored(client)) == 60


TUPLES = [key("user:ann viewer folder:1"), key("user:bob viewer folder:1"), key("user:ann viewer folder:2")]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(TUPLES),
        st.sampled_from(["delete", "plain", "2020-01-01T00:00:00Z", "2040-01-01T00:00:00Z"]),
        st.sampled_from(["", "", "not sent", "lost", "lost second"]),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_whatever_breaks_the_server_ends_up_with_what_was_committed(
    openfga_client: MakeClient, steps: list[tuple[TupleKey, str, str, bool]]
) -> None:
    """Grants, revocations and changed expiries; each write may not be sent, or be lost after it was done. Every answer
    is that of what was committed, and at the end not one tuple differs.
    """
    TupleChange.objects.all().delete()
    RelationshipTuple.objects.all().delete()
    client = openfga_client(CONDITION_MODEL)
    committed: dict[TupleKey, TupleKey | None] = dict.fromkeys(TUPLES)
    for name, what, mishap, lease_ends in steps:
        plan = ["", "lost"] if mishap == "lost second" else [mishap]
        breaking, _ = unreliable(client, *plan)
        wanted = None if what == "delete" else name if what == "plain" else until(_text(name), what)
        writes = [wanted] if wanted is not None and wanted != committed[name] else []
        deletes = [name] if committed[name] is not None and wanted != committed[name] else []
        if writes or deletes:
            breaking.write(writes=writes, deletes=deletes)
        committed[name] = wanted
        for known, standing in committed.items():
            valid = standing is not None and (standing.condition is None or _end_of(standing) > NOW)
            request = CheckRequest(known.user, "viewer", known.object, (), {"now": NOW})
            assert patiently(lambda: client.check(request)) is valid, (known, standing)  # noqa: B023
        if lease_ends:
            let_the_lease_run_out()
    let_the_lease_run_out()
    assert patiently(lambda: deliver(client))
    assert stored(client) == {standing for standing in committed.values() if standing is not None}
    assert not any(Comparison(client.remote, "default", Desired("default")).drifts())


NOW = "2026-01-01T00:00:00Z"


def patiently(ask: Callable[[], bool]) -> bool:
    """Ask again while a busy machine gives no answer in time, which is no wrong answer."""
    for _ in range(10):
        try:
            return ask()
        except AuthorizationUnavailable:
            let_the_lease_run_out()
    return ask()


def _text(key: TupleKey) -> str:
    return f"{key.user} {key.relation} {key.object}"


def _end_of(key: TupleKey) -> str:
    assert key.condition is not None
    return str(key.condition.context["end"])
