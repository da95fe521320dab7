"""What a failing database means for whoever asked: a typed error that may be tried again, or a fault of ours.

Where a call into services ends, and only there (``schema``, ``transfer``, the administration pages), an exception of
Django's database layer is looked up here. Faults of ours (a missing table, broken SQL, a violated constraint) are no
outage: they stay what they are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from django.db import DatabaseError, InterfaceError, OperationalError

from storage.errors import DatabaseBusy, DatabaseUnavailable

_BUSY_STATES = (
    "40001",  # serialization failure
    "40P01",  # deadlock
    "55P03",  # lock_timeout
    "57014",  # statement_timeout
)
_GONE_STATES = (
    "08",  # the connection
    "53",  # no room: connections, memory, disk
    "57P",  # the server is shutting down, starting, or has ended the session
    "25006",  # a standby, or a server that was made read-only
    "25P03",  # the session was idle in a transaction for too long
    "25P04",  # a transaction took too long
    "28",  # the credentials changed
    "58",  # the server's operating system
)
_SQLITE_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_SQLITE_GONE = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_NOMEM,
)


def outage_of(error: BaseException) -> DatabaseUnavailable | None:
    """Return what to tell about ``error``; None when it is not about a database that fails."""
    if not isinstance(error, (DatabaseError, InterfaceError)):
        return None
    for cause in _causes(error):
        if isinstance(cause, sqlite3.Error):
            return _of_sqlite(cause)
        state = getattr(cause, "sqlstate", None)
        if isinstance(state, str):
            return _of_postgresql(state)
    # psycopg gives no state where there was no server to name one: nobody answers, the line is cut, the pool is empty.
    # What our own side makes up of a cut answer is of no kind at all; Django itself raises that kind without a cause.
    unnamed = type(error) is DatabaseError and error.__cause__ is not None
    return DatabaseUnavailable() if unnamed or isinstance(error, (OperationalError, InterfaceError)) else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the drivers' exceptions under Django's."""
    cause = error.__cause__
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _of_postgresql(state: str) -> DatabaseUnavailable | None:
    if state in _BUSY_STATES:
        return DatabaseBusy()
    return DatabaseUnavailable() if state.startswith(_GONE_STATES) else None


def _of_sqlite(error: sqlite3.Error) -> DatabaseUnavailable | None:
    # The low byte; the rest says more about the same.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _SQLITE_BUSY:
        return DatabaseBusy()
    return DatabaseUnavailable() if code in _SQLITE_GONE else None
