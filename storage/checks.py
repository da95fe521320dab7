"""Django system checks: settings under which files could be lost or connections leak."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

_DATABASE = "default"


@register()
def check_transactions(app_configs: Any = None, **kwargs: Any) -> Sequence[CheckMessage]:
    """SQLite must take the write lock when a transaction begins: services read first and rely on what they read."""
    database = settings.DATABASES[_DATABASE]
    if not database["ENGINE"].endswith("sqlite3"):
        return []
    if str(database.get("OPTIONS", {}).get("transaction_mode", "")).upper() in ("IMMEDIATE", "EXCLUSIVE"):
        return []
    return [
        Error(
            "SQLite is configured without immediate transactions.",
            hint='Set OPTIONS["transaction_mode"] = "IMMEDIATE" of the default database.',
            id="storage.E001",
        )
    ]


@register()
def check_engine(app_configs: Any = None, **kwargs: Any) -> Sequence[CheckMessage]:
    """Lists are written in SQL that was proven on these two databases."""
    engine = settings.DATABASES[_DATABASE]["ENGINE"]
    if engine.rpartition(".")[2] in ("sqlite3", "postgresql"):
        return []
    return [Error("Filegraph runs on SQLite and PostgreSQL only.", hint=f"Configured: {engine}", id="storage.E002")]


@register()
def check_connections(app_configs: Any = None, **kwargs: Any) -> Sequence[CheckMessage]:
    """Django runs each request for a page of its own (``/admin/``) in a thread of its own under ASGI, whose kept
    connection is never used again. Everything else runs in the worker threads, which keep theirs.
    """
    database = settings.DATABASES[_DATABASE]
    if database["ENGINE"].endswith("postgresql") and database.get("CONN_MAX_AGE"):
        return [
            Warning(
                "CONN_MAX_AGE keeps connections that nothing uses again under ASGI.",
                hint="Set CONN_MAX_AGE to 0; the worker threads keep theirs anyway.",
                id="storage.W001",
            )
        ]
    return []
