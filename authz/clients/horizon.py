"""How far the log of changes may be read: up to where nothing can come in between any more.

A reader goes on behind the last id that she saw. On PostgreSQL a transaction takes an id when it writes and shows the
entry when it commits, so that 7 may be there before 6: who stores 7 would never see 6, and if 6 took a right away,
would go on granting it. So each writer first announces, by an advisory lock that lasts as long as its transaction, the
last id taken so far: its own will be higher. A reader stops at the lowest announcement. Nobody waits for anybody.

Somebody who must be sure that nothing is taken away until her transaction ends *stays* it: then whoever takes rights
away outside of what she has locked waits for her, and she for those who have begun.

SQLite has one writer at a time; its ids are committed in their order.
"""

from __future__ import annotations

from typing import Any

from django.db import connections

from authz.models import TupleChange

_SPACE = 0x4647
"""Marks our advisory locks: the highest 16 bits of their key. The other 48 are the announced id."""

_STAY = 0x4648 << 48
"""The key of another advisory lock, beside that space."""

_LAST_TAKEN = (
    f"coalesce(pg_sequence_last_value(pg_get_serial_sequence('{TupleChange._meta.db_table}', 'id')::regclass), 0)"
)
_ANNOUNCE = f"SELECT pg_advisory_xact_lock_shared({_SPACE << 48} | {_LAST_TAKEN})"
# The transaction that asks sees its own entries, whatever it announced. Who only waits for a lock has said nothing.
_ANNOUNCED = (
    f"FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid::bigint >> 16 = {_SPACE}"  # noqa: S608
    " AND pid <> pg_backend_pid() AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_LOWEST = f"SELECT min(((classid::bigint << 32) | objid::bigint) & 281474976710655) {_ANNOUNCED}"


def announce(using: str) -> None:
    """Say, within the transaction that is going to add entries and before it does, that their ids are still to come."""
    if connections[using].vendor == "postgresql":
        _value(using, _ANNOUNCE)


def stay_revocations(using: str) -> None:
    """Let ``await_stays`` go on only when the present transaction has ended; wait until those who did before have."""
    if connections[using].vendor == "postgresql":
        _value(using, f"SELECT pg_advisory_xact_lock_shared({_STAY})")


def await_stays(using: str) -> None:
    """Wait for the transactions that stay revocations; those that come later wait for the present one."""
    if connections[using].vendor == "postgresql":
        _value(using, f"SELECT pg_advisory_xact_lock({_STAY})")


def horizon(using: str) -> int | None:
    """Return the id up to which every entry is there that ever will be; None: all that can be seen.

    In this order: an entry that is taken and announced between the two questions is above the first answer.
    """
    if connections[using].vendor != "postgresql":
        return None
    last: int = _value(using, f"SELECT {_LAST_TAKEN}")
    lowest: int | None = _value(using, _LOWEST)
    return last if lowest is None else min(last, lowest)


def writers(using: str) -> frozenset[str]:
    """Return the transactions of others that have announced entries and are not over yet; with SQLite none."""
    if connections[using].vendor != "postgresql":
        return frozenset()
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT virtualtransaction {_ANNOUNCED}")
        return frozenset(name for (name,) in cursor.fetchall())


def revision_sql(using: str) -> str:
    """Return a scalar SQL expression that has another value after each change that was committed.

    On PostgreSQL the last id is not enough, because an id below it may still be committed: the writers under way are
    part of the value, so that it changes when one of them ends (and, needlessly, when another one begins).
    """
    last = f"SELECT max(id) FROM {TupleChange._meta.db_table}"  # noqa: S608
    if connections[using].vendor != "postgresql":
        return f"({last})"
    writers = f"SELECT string_agg(virtualtransaction, ' ' ORDER BY virtualtransaction) {_ANNOUNCED}"
    return f"concat(({last}), ' ', ({writers}))"


def revision(using: str) -> str:
    """Return the value of ``revision_sql`` as of now. One statement."""
    return str(_value(using, f"SELECT {revision_sql(using)}"))


def _value(using: str, text: str) -> Any:
    with connections[using].cursor() as cursor:
        cursor.execute(text)
        row: tuple[Any] = cursor.fetchone()
        return row[0]
