"""One ``filegraph setup`` at a time: units of several processes on one installation all begin with it."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from django.db import connection

_KEY = 0x53455455505F4647
"""Of the advisory lock; no other program's, most likely, and none of those that ``authz.clients.horizon`` announces by:
"SETUP_FG"."""


@contextlib.contextmanager
def setup_lock(data_dir: Path) -> Iterator[None]:
    """Wait until nobody else prepares this database, then keep others waiting until the end of the block.

    PostgreSQL: a lock of the session, without a time limit here or for the statements that follow: a migration takes
    as long as it takes. SQLite: a lock on a file of the data directory. Both end with the process.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false)")
            cursor.execute("SELECT pg_advisory_lock(%s)", [_KEY])
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_KEY])
    else:
        with (data_dir / "setup.lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
