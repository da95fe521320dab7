"""What is wrong with the database, told at the start of a command in one sentence without a secret.

A running server does not come here: it tells its clients (``storage.outages``) and goes on when the database is back.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from filegraph.databases import SQLITE_BUSY_SECONDS
from filegraph.environment import variable
from filegraph.problem import Problem

OLDEST = 14
"""Of PostgreSQL, as Django 5.2 asks for."""

_NAME = variable("database_url")
_FATAL = "FATAL:"


def of_database() -> Problem | None:
    """Return why the database cannot be used, or None. A SQLite file need not be there yet.

    This connects beside the pool, which would only tell that no connection came in time. No server starts without it.
    """
    path = Path(connection.settings_dict["NAME"])
    sentence = _of_postgresql() if connection.vendor == "postgresql" else _of_sqlite(path)
    return Problem(sentence) if sentence is not None else None


def _of_sqlite(path: Path) -> str | None:
    # `filegraph setup` makes the data directory, and the server says when it has not run.
    if path.parent != settings.DATA_DIR and not path.parent.is_dir():
        return f"The folder of the database that {_NAME} names is not there: {path.parent}."
    if not path.exists():
        return None
    try:
        address = f"{path.absolute().as_uri()}?mode=rw"
        with contextlib.closing(sqlite3.connect(address, uri=True, timeout=SQLITE_BUSY_SECONDS)) as raw:
            raw.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as error:
        if (error.sqlite_errorcode & 0xFF) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return f"The SQLite database {path} is busy: another program keeps it to itself."
        return f"The SQLite database {path} cannot be used: {error}. {_NAME} can name another."
    return None


def _of_postgresql() -> str | None:
    driver: Any = connection.Database  # type: ignore[attr-defined]
    try:
        with driver.connect(**connection.get_connection_params()) as raw:
            version, encoding = raw.info.server_version, raw.info.parameter_status("server_encoding")
    except driver.Error as error:
        return _sentence(str(error))
    if version < OLDEST * 10_000:
        return f"The server that {_NAME} names is PostgreSQL {version // 10_000}; {OLDEST} or newer is needed."
    if encoding != "UTF8":
        return f"The database that {_NAME} names keeps text in {encoding}; make one with the encoding UTF8."
    return None


def _sentence(report: str) -> str:
    """What libpq reports names host, user and database, and never a password; only the server's own words are shown."""
    if "invalid connection option" in report or "invalid value" in report or "invalid integer" in report:
        return f"{_NAME} has a parameter behind the question mark that PostgreSQL does not know."
    _, found, reason = report.rpartition(_FATAL)
    if found:
        return f"The server that {_NAME} names refuses us: {reason.strip().splitlines()[0].rstrip('.')}."
    return f"The database that {_NAME} names cannot be reached; is it running?"
