"""Django's ``DATABASES`` entry from a URL. SQLite and PostgreSQL, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

SQLITE_BUSY_SECONDS = 20
"""How long a writer waits for another one."""

SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL;"
    # FULL, not NORMAL: with WAL, NORMAL may lose the last commits on power loss, and what was acknowledged must stay.
    "PRAGMA synchronous=FULL;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA cache_size=-32768;"
    "PRAGMA mmap_size=268435456;"
    "PRAGMA journal_size_limit=67108864"
)


def sqlite(path: Path) -> dict[str, Any]:
    """Return the entry of a SQLite file. Every transaction takes the write lock at its beginning (BEGIN IMMEDIATE):
    a read that becomes a write cannot fail with "database is locked" halfway.
    """
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {
            "timeout": SQLITE_BUSY_SECONDS,
            "transaction_mode": "IMMEDIATE",
            "init_command": SQLITE_PRAGMAS,
        },
    }


def postgresql(name: str, user: str, password: str, host: str, port: str, options: dict[str, str]) -> dict[str, Any]:
    """Return the entry of a PostgreSQL database. ``CONN_MAX_AGE`` stays 0: the worker threads, which fire no request
    signals, keep their connections anyway, and Django's own requests (the admin) must not leak theirs.
    """
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": user,
        "PASSWORD": password,
        "HOST": host,
        "PORT": port,
        "OPTIONS": {"connect_timeout": 10, **options},
    }


def database_from_url(url: str) -> dict[str, Any]:
    """Return the ``DATABASES`` entry of ``sqlite:///relative``, ``sqlite:////absolute`` or ``postgresql://...``.

    Query parameters of a PostgreSQL URL (``?sslmode=require``) are handed to libpq. Raises ``ValueError`` with a
    sentence that holds no part of the URL.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("is not a URL that can be read") from None
    if parts.scheme == "sqlite":
        path = unquote(parts.path)
        if parts.netloc or len(path) < 2 or parts.query:
            raise ValueError("must be sqlite:///path (relative) or sqlite:////path (absolute)")
        return sqlite(Path(path[1:]))
    if parts.scheme in ("postgresql", "postgres"):
        name = unquote(parts.path.strip("/"))
        if not name:
            raise ValueError("must name a database: postgresql://user:password@host:port/name")
        return postgresql(
            name,
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            unquote(parts.hostname or ""),
            str(port or ""),
            dict(parse_qsl(parts.query)),
        )
    raise ValueError("must begin with sqlite:/// or postgresql://")
