"""Refusals are noted as they are asked for: sampled, bounded, and not lost while the database is away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import cycle

import pytest
from django.db import OperationalError, transaction
from django.utils import timezone

from authz.clients.base import InstallationClient
from authz.clients.embedded import EmbeddedClient
from authz.clients.wrappers.denials import LIMIT, DenialNotingClient, Denials
from authz.models import AuditEntry
from authz.services.shipped_model import shipped_model
from authz.testing.contract import CONTRACT_MODEL, key
from authz.types import ANONYMOUS, ORGANIZATION, PROBE, CheckRequest

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def inner(db: None) -> EmbeddedClient:
    return EmbeddedClient(CONTRACT_MODEL, clock=timezone.now)


@pytest.fixture
def denials() -> Denials:
    return Denials()


@pytest.fixture
def client(inner: EmbeddedClient, denials: Denials) -> DenialNotingClient:
    return DenialNotingClient(inner, denials, share=1, clock=lambda: NOW)


def is_a_client(client: DenialNotingClient) -> InstallationClient:
    return client


def asked(user: str, name: str = "book:1") -> CheckRequest:
    return CheckRequest(user, "can_read", name)


def test_refusals_are_told_once_for_each_question(client: DenialNotingClient, denials: Denials) -> None:
    client.write(writes=[key("user:ann author book:1")])
    with pytest.raises(ZeroDivisionError), transaction.atomic():  # noqa: PT012
        assert not client.check(asked("user:bob"))
        raise ZeroDivisionError  # as a service that refuses undoes its transaction
    assert client.batch_check([asked("user:ann"), asked("user:bob"), asked("user:bob", "book:2")]) == [
        True,
        False,
        False,
    ]
    assert not AuditEntry.objects.exists()
    assert denials.flush("default") == 2
    assert denials.flush("default") == 0
    found = {(row.actor, row.subject, row.object_id): row.occurrences for row in AuditEntry.objects.all()}
    assert found == {("user:bob", "user:bob", "1"): 2, ("user:bob", "user:bob", "2"): 1}
    assert {(row.operation, row.relation, row.created_at) for row in AuditEntry.objects.all()} == {
        ("deny", "can_read", NOW)
    }


def test_a_share_of_them(inner: EmbeddedClient, denials: Denials) -> None:
    chances = cycle([0.1, 0.3, 0.9, 0.24])
    client = DenialNotingClient(inner, denials, share=0.25, clock=lambda: NOW, chance=lambda: next(chances))
    client.batch_check([asked("user:bob", f"book:{number}") for number in range(8)])
    denials.flush("default")
    assert {row.object_id for row in AuditEntry.objects.all()} == {"0", "3", "4", "7"}


def test_the_probe_of_readiness_leaves_nothing(denials: Denials, db: None) -> None:
    inner = EmbeddedClient(shipped_model(), clock=timezone.now)
    client = DenialNotingClient(inner, denials, share=1, clock=lambda: NOW)
    assert not client.check(CheckRequest(PROBE, "can_administer", ORGANIZATION))
    assert denials.flush("default") == 0
    assert not client.check(CheckRequest(ANONYMOUS, "can_administer", ORGANIZATION))
    assert denials.flush("default") == 1


def test_whoever_asks_for_thousands_of_things_fills_no_disk(
    client: DenialNotingClient, denials: Denials, caplog: pytest.LogCaptureFixture
) -> None:
    client.batch_check([asked("user:bob", f"book:{number}") for number in range(LIMIT + 50)])
    assert denials.flush("default") == LIMIT
    (record,) = caplog.records
    assert record.getMessage().startswith("50 refused questions")
    assert "bob" not in record.getMessage()


def test_what_could_not_be_written_is_kept_within_the_bound(
    client: DenialNotingClient, denials: Denials, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object) -> None:
        raise OperationalError

    client.check(asked("user:bob"))
    with monkeypatch.context() as patch:
        patch.setattr("authz.clients.audit_log.append", away)
        for number in range(5):
            denials.note([asked("user:bob", f"book:{number}-{each}") for each in range(LIMIT)], NOW)
            with pytest.raises(OperationalError):
                denials.flush("default")
    denials.note([asked("user:bob")], NOW + timedelta(seconds=1))
    assert denials.flush("default") == LIMIT
    (row,) = AuditEntry.objects.filter(object_id="1")
    assert (row.occurrences, row.created_at) == (2, NOW + timedelta(seconds=1))
