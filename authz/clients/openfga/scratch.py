"""What a server has, put aside on disk while it is compared: tuples of any number in a few MiB of memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from types import TracebackType

from authz.clients.openfga import wire
from authz.types import TupleKey

_PAGE = 100


class Scratch:
    """A set of tuples in a temporary file that has no name; gone when it is left."""

    def __init__(self) -> None:
        # The empty name is SQLite's own: a database that lives in memory only as far as its cache reaches.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("CREATE TABLE tuples (name TEXT PRIMARY KEY, key TEXT NOT NULL) WITHOUT ROWID")

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def add(self, keys: Sequence[TupleKey]) -> None:
        """Put tuples aside."""
        rows = [(_name(key), json.dumps(wire.tuple_json(key))) for key in keys]
        self._db.executemany("INSERT OR REPLACE INTO tuples VALUES (?, ?)", rows)

    def take(self, keys: Sequence[TupleKey]) -> list[TupleKey | None]:
        """Take out what is there under the names of ``keys``, in their order, with the conditions it has there."""
        names = [(_name(key),) for key in keys]
        found = [self._db.execute("SELECT key FROM tuples WHERE name = ?", name).fetchone() for name in names]
        self._db.executemany("DELETE FROM tuples WHERE name = ?", names)
        return [wire.key_of(json.loads(row[0])) if row else None for row in found]

    def rest(self) -> Iterator[list[TupleKey]]:
        """Take out everything else, some at a time."""
        while rows := self._db.execute(f"SELECT name, key FROM tuples ORDER BY name LIMIT {_PAGE}").fetchall():  # noqa: S608
            self._db.execute("DELETE FROM tuples WHERE name <= ?", (rows[-1][0],))
            yield [wire.key_of(json.loads(key)) for _, key in rows]


def _name(key: TupleKey) -> str:
    return json.dumps([key.object, key.relation, key.user])
