"""What the server has and what our record says are brought together, whatever happened to either."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from authz.clients.openfga import drift as drift_module
from authz.clients.openfga.outbox import append
from authz.clients.sql.structure import NO_STRUCTURE
from authz.models import AuditEntry, Delivery, RelationshipTuple, TupleChange
from authz.services import relationships
from authz.services.remote import reconciliation
from authz.services.remote.reconciliation import Foreign, Kind
from authz.testing.contract import key
from authz.types import OPERATOR, TupleKey
from tests.components.permissions import Installation

pytestmark = pytest.mark.django_db(transaction=True)

ANN, BOB, CAT = (key(f"user:{name} viewer file:1") for name in ("ann", "bob", "cat"))


@pytest.fixture
def store(installation: Installation) -> Installation:
    """An OpenFGA server answers."""
    installation.choose("openfga")
    installation.prepare()
    return installation


def found(**options: Any) -> dict[Kind, int]:
    return dict(reconciliation.reconcile(NO_STRUCTURE, **options).found)


def test_nothing_differs(store: Installation) -> None:
    relationships.write(writes=[ANN, BOB])
    report = reconciliation.reconcile(NO_STRUCTURE, mend=False)
    assert (report.found, report.is_clean) == ({}, True)


def test_each_kind_is_told_and_mended(store: Installation) -> None:
    relationships.write(writes=[ANN, BOB])
    relationships.write(deletes=[BOB])
    store.take(ANN)
    store.put(BOB, CAT)
    expected = {Kind.MISSING: 1, Kind.STALE: 1, Kind.FOREIGN: 1}
    assert found(mend=False) == expected
    assert store.stored() == {BOB, CAT}
    report = reconciliation.reconcile(NO_STRUCTURE, mend=True)
    assert (report.found, report.left, report.is_clean) == (expected, 1, False)
    assert {(drift.kind, drift.key) for drift in report.examples} == {
        (Kind.MISSING, ANN), (Kind.STALE, BOB), (Kind.FOREIGN, CAT)
    }  # fmt: skip
    assert store.stored() == {ANN, CAT}


@pytest.mark.parametrize(("foreign", "left"), [(Foreign.ADOPT, {ANN, CAT}), (Foreign.REMOVE, {ANN})])
def test_what_others_wrote_is_adopted_or_removed(store: Installation, foreign: Foreign, left: set[TupleKey]) -> None:
    relationships.write(writes=[ANN])
    store.put(CAT)
    assert reconciliation.reconcile(NO_STRUCTURE, mend=True, foreign=foreign).is_clean
    assert store.stored() == left
    assert RelationshipTuple.objects.count() == len(left)
    assert AuditEntry.objects.filter(actor=OPERATOR, subject=CAT.user).exists() is (foreign is Foreign.ADOPT)
    assert found(mend=False) == {}


def test_after_a_restore_of_the_database_what_was_shared_since_is_foreign(store: Installation) -> None:
    """Record and log have never heard of it: nobody can tell it from what others wrote."""
    relationships.write(writes=[ANN, BOB])
    relationships.write(deletes=[BOB])
    last = TupleChange.objects.latest("id").id
    # Since the backup: shared again, shared for the first time, and taken back.
    relationships.write(writes=[BOB, CAT], deletes=[ANN])
    with transaction.atomic():
        TupleChange.objects.filter(id__gt=last).delete()
        RelationshipTuple.objects.all().delete()
    relationships.write(writes=[ANN])
    store.take(ANN)
    assert found(mend=False) == {Kind.MISSING: 1, Kind.STALE: 1, Kind.FOREIGN: 1}
    assert found(mend=True, foreign=Foreign.REMOVE) == {Kind.MISSING: 1, Kind.STALE: 1, Kind.FOREIGN: 1}
    assert store.stored() == {ANN}


def test_what_waits_is_delivered_and_no_difference(store: Installation) -> None:
    with transaction.atomic():
        relationships.write(writes=[ANN])
        TupleChange.objects.update(delivery=Delivery.PENDING)
        transaction.set_rollback(False)
    append("default", [], [BOB], timezone.now())
    assert found(mend=False) == {}


def test_a_bad_tuple_that_is_good_again_is_delivered(store: Installation) -> None:
    relationships.write(writes=[ANN])
    store.take(ANN)
    TupleChange.objects.update(delivery=Delivery.REFUSED)
    assert not reconciliation.reconcile(NO_STRUCTURE, mend=False).is_clean
    assert reconciliation.reconcile(NO_STRUCTURE, mend=True).is_clean
    assert store.stored() == {ANN}
    assert not TupleChange.objects.exclude(delivery=Delivery.DONE).exists()


def test_a_change_in_between_is_no_difference_and_is_not_undone(
    store: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A right is taken back after the record was read, and before what is doubtful is looked at again."""
    relationships.write(writes=[ANN, BOB])
    store.take(ANN)
    original: Callable[..., Any] = drift_module.Comparison.mend

    def late(self: Any, drifts: Any, now: Any) -> None:
        relationships.write(deletes=[ANN])
        original(self, drifts, now)

    monkeypatch.setattr(drift_module.Comparison, "mend", late)
    assert reconciliation.reconcile(NO_STRUCTURE, mend=True).is_clean
    assert store.stored() == {BOB}


def test_more_than_a_page_of_each(store: Installation) -> None:
    keys = [key(f"user:u{number} viewer file:{number % 9}") for number in range(450)]
    for start in range(0, 450, 90):
        relationships.write(writes=keys[start : start + 90])
    for start in range(0, 270, 90):
        store.take(*keys[start : start + 90])
    others = [key(f"user:other viewer file:{number}") for number in range(130)]
    store.put(*others[:65])
    store.put(*others[65:])
    assert found(mend=True, foreign=Foreign.REMOVE) == {Kind.MISSING: 270, Kind.FOREIGN: 130}
    assert store.stored() == set(keys)


def test_what_comes_while_it_drains_may_wait(store: Installation) -> None:
    """Writers at work must not keep it for ever."""
    put_on_its_way(ANN)
    reconciliation.drain(lambda _: put_on_its_way(BOB))
    assert store.stored() == {ANN}
    reconciliation.drain()
    assert store.stored() == {ANN, BOB}


def put_on_its_way(tuple_key: TupleKey) -> None:
    with transaction.atomic():
        append("default", [tuple_key], (), timezone.now())
