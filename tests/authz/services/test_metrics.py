"""What metrics show of the engine and the outbox."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError
from prometheus_client import REGISTRY

from authz.clients.openfga.outbox import Backlog
from authz.clients.tuples import log
from authz.models import Delivery, TupleOperation
from authz.services import metrics
from authz.testing.contract import key

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def shown(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"filegraph_authz_{name}", labels)


def waits(text: str, seconds: float, delivery: Delivery) -> None:
    log("default", TupleOperation.WRITE, [key(text)], NOW - timedelta(seconds=seconds), delivery)


def test_how_far_the_server_is_behind(db: None) -> None:
    metrics.refresh(now=NOW)
    assert shown("outbox_oldest_seconds") == 0.0
    waits("user:ann reader book:1", 40, Delivery.PENDING)
    waits("user:ann reader book:2", 10, Delivery.PENDING)
    waits("user:ann reader book:3", 99, Delivery.REFUSED)
    waits("user:ann reader book:4", 99, Delivery.DONE)
    metrics.refresh(now=NOW)
    assert shown("engine_info", engine="embedded") == 1
    assert shown("outbox_changes", state="pending") == 2
    assert shown("outbox_changes", state="refused") == 1
    assert shown("outbox_oldest_seconds") == 40.0


def test_what_cannot_be_known_is_no_number(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, db: None
) -> None:
    def away(*args: object) -> Backlog:
        raise OperationalError("no database\nand more")

    monkeypatch.setattr("authz.services.remote_engine.backlog", away)
    metrics.refresh(now=NOW)
    found = shown("outbox_oldest_seconds")
    assert found is not None
    assert math.isnan(found)
    (record,) = caplog.records
    assert record.getMessage().endswith("no database")
