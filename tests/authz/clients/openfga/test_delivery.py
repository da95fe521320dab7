"""Changes reach the server in order, once it is there, whatever breaks on the way; and they count before they do."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authz.clients.openfga.calls import Call, Deadline, Sender
from authz.clients.openfga.client import OpenFGAClient
from authz.clients.openfga.delivery import Courier
from authz.clients.openfga.failures import NotSent
from authz.clients.openfga.outbox import append
from authz.errors import AuthorizationUnavailable
from authz.models import Delivery, DeliveryLease, RelationshipTuple, TupleChange
from authz.testing.contract import CONTRACT_MODEL, key
from authz.types import CheckRequest, ListObjectsRequest, TupleKey

MakeClient = Callable[..., OpenFGAClient]
pytestmark = pytest.mark.django_db(transaction=True)

ANN = key("user:ann reader book:1")
EXAMPLES = 300 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 12


@dataclass
class Unreliable:
    """Hands calls on, unless ``plan`` says otherwise: "not sent", "lost" (done, but nobody knows), or a callable."""

    sender: Sender
    plan: list[str | Callable[[], None]] = field(default_factory=list)
    writes: list[Call] = field(default_factory=list)

    def send(self, calls: Sequence[Call], deadline: Deadline) -> list[Any]:
        if not calls[0].path.endswith("/write"):
            return self.sender.send(calls, deadline)
        self.writes += calls
        mishap = self.plan.pop(0) if self.plan else ""
        if mishap == "not sent":
            raise NotSent("not sent")
        if callable(mishap):
            mishap()
        answers = self.sender.send(calls, deadline)
        if mishap == "lost":
            raise AuthorizationUnavailable("lost")
        return answers


def unreliable(client: OpenFGAClient, *plan: str | Callable[[], None]) -> tuple[OpenFGAClient, Unreliable]:
    sender = Unreliable(client.remote.sender, list(plan))
    remote = replace(client.remote, sender=sender)
    return OpenFGAClient(client.model, remote, clock=timezone.now), sender


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


STEPS = st.lists(
    st.tuples(
        st.sampled_from([ANN, key("user:bob reader book:1"), key("user:ann reader book:2")]),
        st.booleans(),
        st.sampled_from(["", "", "not sent", "lost"]),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_whatever_breaks_the_server_ends_up_with_what_was_committed(
    openfga_client: MakeClient, steps: list[tuple[TupleKey, bool, str, bool]]
) -> None:
    TupleChange.objects.all().delete()
    RelationshipTuple.objects.all().delete()
    client = openfga_client(CONTRACT_MODEL)
    committed: dict[TupleKey, bool] = {}
    for each, write, mishap, lease_ends in steps:
        breaking, _ = unreliable(client, mishap)
        if write:
            breaking.write(writes=[each], on_duplicate="ignore")
        else:
            breaking.write(deletes=[each], on_missing="ignore")
        committed[each] = write
        for known, standing in committed.items():
            assert client.check(CheckRequest(known.user, "reader", known.object)) is standing
        if lease_ends:
            let_the_lease_run_out()
    let_the_lease_run_out()
    assert deliver(client)
    assert stored(client) == {each for each, standing in committed.items() if standing}
