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

PAGES_CONNECTIONS = 4
"""Of a process, beside one for each worker thread: for the administration pages."""

POOL_SECONDS = 2.0
"""How long work waits for a connection: through a quick restart, and no longer than a person waits for an answer."""

POSTGRESQL_SETTINGS = {
    # No request may hold a thread, or a lock that others wait for, for longer than its client waits. Milliseconds.
    "statement_timeout": 30_000,
    "lock_timeout": 10_000,
    # A process that hangs in the middle of a transaction holds its locks this long.
    "idle_in_transaction_session_timeout": 60_000,
    # Rows are looked up one by one by their index, on disks that do not turn. As it is shipped, PostgreSQL takes that
    # for four times as dear and reads whole tables instead.
    "random_page_cost": 1.1,
    # Pages have long statements of few rows: compiling one takes longer than running it.
    "jit": "off",
}
"""Settings of each session; ``?options=`` of the URL comes after them and wins."""

_CONNECTION = {
    "application_name": "filegraph",
    "connect_timeout": 5,
    # A machine that vanished is noticed within 30 seconds: while a query waits (milliseconds), and between two.
    "tcp_user_timeout": 30_000,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


def sqlite(path: Path) -> dict[str, Any]:
    """Return the entry of a SQLite file. Every transaction takes the write lock at its beginning (BEGIN IMMEDIATE):
    a read that becomes a write cannot fail with "database is locked" halfway.
    """
    return {
        "ENGINE": "filegraph.sqlite3",
        "NAME": str(path),
        "OPTIONS": {
            "timeout": SQLITE_BUSY_SECONDS,
            "transaction_mode": "IMMEDIATE",
            "init_command": SQLITE_PRAGMAS,
        },
    }


def postgresql(
    name: str, user: str, password: str, host: str, port: str, options: dict[str, str], *, threads: int
) -> dict[str, Any]:
    """Return the entry of a PostgreSQL database: psycopg's pool, for ``threads`` and the administration pages.

    ``CONN_MAX_AGE`` stays 0, as the pool asks for. Worker threads fire no request signals, so that each keeps the
    connection that it took; the pages, which do, give theirs back after each request. So there are never more than
    the pool's size, whatever comes.
    """
    settings = " ".join(f"-c {setting}={value}" for setting, value in POSTGRESQL_SETTINGS.items())
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": user,
        "PASSWORD": password,
        "HOST": host,
        "PORT": port,
        # The pages' own connections are tried when they are taken; those of the threads by ``held_connection``.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **_CONNECTION,
            **options,
            "options": f"{settings} {options.get('options', '')}".strip(),
            "pool": {
                "min_size": 0,
                "max_size": threads + PAGES_CONNECTIONS,
                "timeout": POOL_SECONDS,
                # One more try, then give up: whoever comes next starts anew, and does not wait for a growing pause.
                "reconnect_timeout": 1.0,
                "max_idle": 60.0,
                "name": "filegraph",
            },
        },
    }


def database_from_url(url: str, *, threads: int = 4) -> dict[str, Any]:
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
            threads=threads,
        )
    raise ValueError("must begin with sqlite:/// or postgresql://")
