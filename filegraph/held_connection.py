"""The one database connection that a long-lived worker thread holds: whether it may be used, and when it must go.

Only the calling thread's own connection is looked at. What a failed statement means for a client is told by
``storage.outages``.
"""

from __future__ import annotations

import logging
import select
from typing import Any

from django.db import connection

logger = logging.getLogger("filegraph.threads")

IDLE_SECONDS = 5.0
"""After so long without work a connection is tried with a statement before it is used."""


def make_ready(*, idle: float) -> None:
    """Give up a connection that broke while nobody used it (``idle`` seconds); the next statement opens another.

    A server that stops, restarts or ends the session says so, and what it says waits in the socket: looking there costs
    two microseconds and no round trip, so it is done before every piece of work. A machine that vanished says nothing;
    for that there is the statement after a pause, and TCP's keep-alive.
    """
    if connection.connection is None:
        return
    if idle > IDLE_SECONDS or connection.errors_occurred or _has_news(connection.connection):
        connection.errors_occurred = False
        if not connection.is_usable():
            connection.close()


def clean_up() -> None:
    """After an error: leave no transaction open and no broken connection behind."""
    if connection.connection is None:
        return
    if connection.in_atomic_block or not connection.get_autocommit():
        # Should not happen: ``atomic`` ends what it began. If it does, nothing of it may reach the next request.
        logger.error("A transaction was left open; its connection is closed.")
        connection.in_atomic_block = False
        connection.close()
    elif connection.errors_occurred and not connection.is_usable():
        connection.close()
    connection.errors_occurred = False


def give_back() -> None:
    """Give up the connection: the thread ends."""
    connection.close()


def _has_news(raw: Any) -> bool:
    """Return whether PostgreSQL has sent something that nobody asked for, or the connection is known to be lost."""
    if connection.vendor != "postgresql":
        return False
    try:
        descriptor = raw.fileno()
    except Exception:
        # psycopg's own: there is no socket any more.
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
