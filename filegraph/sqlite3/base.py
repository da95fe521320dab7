"""Django's SQLite backend, which remembers how a statement is written in SQLite's own style of parameters.

Django looks for every ``%s`` of a statement with a regular expression each time it is run: 5 to 40 microseconds, mostly
more than SQLite then takes. The statements of this service are few and written once. Nothing else is different here.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.db.backends.sqlite3 import base

_LONGEST = 8192
"""Characters; longer statements have a long list of values in them and seldom come again."""


class Cursor(base.SQLiteCursorWrapper):
    """A cursor that has each of the last statements converted once."""

    def convert_query(self, query: str, *, param_names: Iterable[str] | None = None) -> str:
        """Return ``query`` with ``?`` for ``%s``."""
        if param_names is None and len(query) <= _LONGEST:
            return _converted(query)
        return str(super().convert_query(query, param_names=param_names))


class DatabaseWrapper(base.DatabaseWrapper):
    """Connections with such cursors."""

    def create_cursor(self, name: str | None = None) -> Any:
        """Return a cursor of the open connection."""
        return self.connection.cursor(factory=Cursor)


@lru_cache(maxsize=1024)
def _converted(query: str) -> str:
    converted: str = base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")
    return converted
