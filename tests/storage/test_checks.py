"""The system checks refuse what would lose files, and say so once."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from storage import checks

ENGINE = "django.db.backends."


@pytest.mark.parametrize(
    ("database", "found"),
    [
        ({"ENGINE": ENGINE + "sqlite3", "OPTIONS": {"transaction_mode": "IMMEDIATE"}}, []),
        ({"ENGINE": ENGINE + "sqlite3"}, ["storage.E001"]),
        ({"ENGINE": ENGINE + "postgresql", "CONN_MAX_AGE": 0}, []),
        ({"ENGINE": ENGINE + "postgresql", "CONN_MAX_AGE": 60}, ["storage.W001"]),
        ({"ENGINE": ENGINE + "mysql"}, ["storage.E002"]),
    ],
)
def test_databases(monkeypatch: pytest.MonkeyPatch, database: dict[str, Any], found: list[str]) -> None:
    monkeypatch.setattr(settings, "DATABASES", {"default": database})
    messages = [*checks.check_transactions(), *checks.check_engine(), *checks.check_connections()]
    assert [message.id for message in messages] == found
