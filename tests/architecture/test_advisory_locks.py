"""PostgreSQL knows advisory locks by numbers alone, for the whole database: two of ours must never be the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from authz.clients import horizon
from authz.clients.openfga import outbox
from filegraph import setup_lock
from storage.selectors import dialect, locks

ROOT = Path(__file__).resolve().parents[2]

ONE_NUMBER = {
    "the announcements of writers": range(horizon._SPACE << 48, (horizon._SPACE + 1) << 48),
    "who stays revocations": range(horizon._STAY, horizon._STAY + 1),
    "a setup": range(setup_lock._KEY, setup_lock._KEY + 1),
}
"""Locks whose key is one number of 64 bits."""

TWO_NUMBERS = {"objects of tuples": outbox._LOCKS, "open uploads": locks._OPEN_UPLOADS}
"""Locks whose key is two numbers of 32 bits, by the first: PostgreSQL never takes one for a key of 64 bits."""


def test_no_two_are_the_same() -> None:
    for (name, keys), (other, taken) in combinations(ONE_NUMBER.items(), 2):
        assert keys.stop <= taken.start or taken.stop <= keys.start, f"{name} and {other}"
    assert len(set(TWO_NUMBERS.values())) == len(TWO_NUMBERS)


def test_they_are_numbers_of_postgresql() -> None:
    assert all(keys.start >= 0 and keys.stop <= 1 << 63 for keys in ONE_NUMBER.values())
    assert all(0 <= key < 1 << 31 for key in TWO_NUMBERS.values())


def test_no_other_module_has_one() -> None:
    taking = {
        str(path.relative_to(ROOT))
        for package in ("filegraph", "schema", "transfer", "storage", "accounts", "authz")
        for path in (ROOT / package).rglob("*.py")
        if "pg_advisory" in path.read_text() or "pg_try_advisory" in path.read_text()
    }
    named = {Path(str(module.__file__)) for module in (horizon, outbox, setup_lock, dialect)}
    assert taking == {str(path.relative_to(ROOT)) for path in named}
    asking = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "storage").rglob("*.py")
        if ".advisory_lock(" in path.read_text()
    ]
    assert asking == [str(Path(str(locks.__file__)).relative_to(ROOT))]


def session() -> Any:
    """A connection of somebody else."""
    return connection.Database.connect(**connection.get_connection_params())  # type: ignore[attr-defined]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_nobody_who_holds_another_lock_counts_as_a_writer() -> None:
    before = horizon.revision("default")
    other = session()
    try:
        for name, keys in ONE_NUMBER.items():
            if name != "the announcements of writers":
                other.execute("SELECT pg_advisory_lock(%s)", [keys.start])
        for key in TWO_NUMBERS.values():
            other.execute("SELECT pg_advisory_lock(%s, 1)", [key])
        assert horizon.writers("default") == frozenset()
        assert horizon.revision("default") == before
    finally:
        other.close()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_who_only_waits_to_announce_is_no_writer_yet() -> None:
    announced = [horizon._SPACE << 48 | 7]
    first, second = session(), session()
    waiting = threading.Thread(target=second.execute, args=("SELECT pg_advisory_lock_shared(%s)", announced))
    try:
        first.execute("SELECT pg_advisory_lock(%s)", announced)
        waiting.start()
        _await(_waits)
        assert len(horizon.writers("default")) == 1
        first.close()
        waiting.join(10)
        _await(lambda: len(horizon.writers("default")) == 1)
    finally:
        first.close()
        waiting.join(10)
        second.close()
    # PostgreSQL ends a session a moment after its client has gone.
    _await(lambda: not horizon.writers("default"))


def _await(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(cursor.fetchone()[0])
