"""Entry and tuple happen together or not at all."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from authz.clients.base import InstallationClient
from authz.clients.embedded import EmbeddedClient
from authz.clients.wrappers.audited import AuditedClient
from authz.errors import AuthzError, InvalidTuple, WriteConflict
from authz.models import AuditEntry, RelationshipTuple
from authz.testing.contract import CONTRACT_MODEL, key
from authz.types import Actor, Asker, TupleKey

ADA = Actor("user:ada")
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def client(db: None) -> AuditedClient:
    return AuditedClient(EmbeddedClient(CONTRACT_MODEL, clock=timezone.now), ADA, clock=lambda: NOW)


def is_a_client(client: AuditedClient) -> InstallationClient:
    return client


def told() -> list[str]:
    return [
        f"{row.actor}: {row.operation} {row.subject} {row.relation} {row.object_type}:{row.object_id}"
        for row in AuditEntry.objects.order_by("id")
    ]


def test_what_was_done_is_told_in_its_order(client: AuditedClient) -> None:
    client.write(writes=[key("user:ann reader book:1")])
    client.write(deletes=[key("user:ann reader book:1")], writes=[key("user:bob reader book:1")])
    assert told() == [
        "user:ada: write user:ann reader book:1",
        "user:ada: delete user:ann reader book:1",
        "user:ada: write user:bob reader book:1",
    ]
    assert {row.created_at for row in AuditEntry.objects.all()} == {NOW}


def test_what_does_not_happen_leaves_nothing(client: AuditedClient) -> None:
    client.write(writes=[key("user:ann reader book:1")])
    mistakes: list[tuple[type[AuthzError], TupleKey]] = [
        (WriteConflict, key("user:ann reader book:1")),
        (InvalidTuple, key("robot:r reader book:1")),
    ]
    for error, tuple_key in mistakes:
        with pytest.raises(error):
            client.write(writes=[tuple_key])
    with pytest.raises(ZeroDivisionError), transaction.atomic():  # noqa: PT012
        client.write(writes=[key("user:bob reader book:1")])
        assert len(told()) == 2
        raise ZeroDivisionError
    assert told() == ["user:ada: write user:ann reader book:1"]


def test_a_tuple_without_its_entry_does_not_happen(client: AuditedClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("authz.clients.audit_log.append", full)
    with pytest.raises(OSError, match="space"):
        client.write(writes=[key("user:ann reader book:1")])
    assert not RelationshipTuple.objects.exists()


def test_to_give_again_is_told_too(client: AuditedClient) -> None:
    for _ in range(2):
        client.write(writes=[key("user:ann reader book:1")], on_duplicate="ignore")
    assert len(told()) == 2
    assert RelationshipTuple.objects.count() == 1


def test_questions_leave_nothing_and_a_hundred_tuples_are_few_statements(client: AuditedClient) -> None:
    with CaptureQueriesContext(connection) as bare:
        client.inner.write(writes=[key(f"user:u{number} reader book:1") for number in range(100)])
    with CaptureQueriesContext(connection) as queries:
        client.write(writes=[key(f"user:v{number} reader book:1") for number in range(100)])
    # SQLite takes a thousand parameters at a time; and a savepoint is around both.
    assert len([query for query in queries if "authz_auditentry" in query["sql"]]) <= 2
    assert len(queries) - len(bare) <= 4
    assert AuditEntry.objects.count() == 100
    client.read(object="book:1")
    client.granted(Asker("user:ann"), [("book:1", "reader")])
    assert AuditEntry.objects.count() == 100
