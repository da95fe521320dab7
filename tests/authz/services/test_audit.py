"""What an administrator asks at night is answered, and old entries go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django.fixtures import Settings

from authz.clients.wrappers.denials import LIMIT
from authz.models import AuditEntry
from authz.services import audit, decisions, relationships
from authz.services.client import client_for, moment
from authz.types import ORGANIZATION, SYSTEM, Actor, CheckRequest, TupleKey

pytestmark = pytest.mark.django_db

ADA, BOB, EVE = (Actor(f"user:{name}") for name in ("ada", "bob", "eve"))
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
SHARE = TupleKey(BOB, "viewer", "file:plan")


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    client_for.cache_clear()
    yield
    client_for.cache_clear()


def test_who_gave_access_and_who_took_it() -> None:
    relationships.write(actor=ADA, writes=[SHARE, TupleKey(EVE, "viewer", "file:other")])
    relationships.write(actor=EVE, deletes=[SHARE])
    taken, given = audit.entries(object="file:plan", user=BOB)
    assert (given.actor, given.operation, given.key) == (ADA, audit.AuditOperation.WRITE, SHARE)
    assert (taken.actor, taken.operation, taken.key) == (EVE, audit.AuditOperation.DELETE, SHARE)
    assert given.at <= taken.at
    assert [each.key.object for each in audit.entries(actor=ADA)] == ["file:other", "file:plan"]
    assert len(audit.entries(object="file:")) == 3
    assert audit.entries(object="folder:") == audit.entries(user=ADA) == []
    assert audit.entries(since=taken.at) == [taken]


def test_what_is_deleted_for_good_is_told_tuple_by_tuple() -> None:
    relationships.write(actor=ADA, writes=[SHARE, TupleKey(EVE, "owner", "file:plan")])
    relationships.forget(["file:plan"], actor=EVE)
    gone = [(each.actor, each.key.user) for each in audit.entries() if each.operation == "delete"]
    assert sorted(gone) == [(EVE, BOB), (EVE, EVE)]


def test_models_and_questions() -> None:
    audit.record_activation(ADA, "m1", now=NOW, note="Auditors may read")
    audit.record_question(EVE, "whoCanAccess", now=NOW, relation="can_view", object="file:plan")
    asked, activated = audit.entries()
    assert (activated.actor, activated.operation, activated.note) == (ADA, "activate", "Auditors may read")
    assert activated.key.object == "authorization_model:m1"
    assert (asked.actor, asked.note, asked.key) == (EVE, "whoCanAccess", TupleKey("", "can_view", "file:plan"))
    assert audit.entries(object="file:plan") == [asked]
    assert audit.entries(user="") == [asked, activated]


def test_what_one_request_did_bears_its_id() -> None:
    with moment("r1"):
        relationships.write(actor=ADA, writes=[SHARE])
        with moment():
            relationships.write(actor=ADA, deletes=[SHARE])
            audit.record_activation(ADA, "m1", now=NOW)
    relationships.write(actor=ADA, writes=[SHARE])
    assert [each.request for each in audit.entries()] == ["", "r1", "r1", "r1"]


def test_pages() -> None:
    for number in range(7):
        audit.record_question(ADA, "whoCanAccess", now=NOW, object=f"file:{number}")
    found: list[audit.Entry] = []
    while page := audit.entries(limit=3, before=found[-1].id if found else None):
        found += page
    assert [each.key.object for each in found] == [f"file:{number}" for number in range(6, -1, -1)]


def test_nothing_is_written_where_the_setting_says_so(settings: Settings) -> None:
    relationships.write(writes=[SHARE])
    settings.FILEGRAPH_AUDIT = False
    relationships.write(actor=ADA, deletes=[SHARE])
    audit.record_activation(ADA, "m1", now=NOW)
    audit.record_question(ADA, "whoCanAccess", now=NOW)
    (found,) = audit.entries()
    assert (found.actor, found.operation) == (SYSTEM, "write")


def test_refusals_where_the_setting_says_so(settings: Settings) -> None:
    request = CheckRequest(BOB, "can_administer", ORGANIZATION)
    assert not decisions.check(request)
    assert audit.write_denials() == 0
    settings.FILEGRAPH_AUDIT_DENIALS = 1.0
    client_for.cache_clear()
    assert not decisions.check(request)
    assert audit.write_denials() == 1
    (found,) = audit.entries()
    assert (found.actor, found.operation, found.key.relation, found.occurrences) == (BOB, "deny", "can_administer", 1)
    assert LIMIT == 100  # as docs/observability.md and the setting say


def test_old_entries_go_batch_by_batch(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_BATCH", 2)
    monkeypatch.setattr(audit, "_BATCHES", 2)
    settings.FILEGRAPH_AUDIT_RETENTION = 86400
    for hours in (100, 80, 60, 40, 26, 25, 23, 1):
        audit.record_question(ADA, "whoCanAccess", now=NOW - timedelta(hours=hours))
    assert audit.forget_old(now=NOW) == 4
    assert audit.forget_old(now=NOW) == 2
    assert audit.forget_old(now=NOW) == 0
    assert AuditEntry.objects.count() == 2
