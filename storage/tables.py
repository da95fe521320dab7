"""Tables by hand: rows to objects and back, for the few statements that run on every upload and every download.

Django's query builder spends most of such a statement's time on building the same SQL again. Here the text is written
once, and the columns still come from the model, so that a migration cannot drift away from it. For everything that is
not on a hot path the ORM is the right tool. What a statement means stands with its callers, in selectors and services.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import cached_property, lru_cache, partial
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.base import ModelState
from django.db.models.expressions import Col

from storage.models import Backend, Blob, Drive, File, FileVersion, Item, Upload

M = TypeVar("M", bound=models.Model)

_OWN_ATTRIBUTES = 1
"""Attributes of an object beside its columns: ``_state``."""

_PLAIN = (models.CharField, models.BigIntegerField, models.PositiveIntegerField, models.BooleanField)
"""Fields whose values go into the database as they are."""


class Table(Generic[M]):
    """One model's table under an alias: its columns for a SELECT, its objects from rows, and an INSERT.

    ``only`` names the columns that are read (``drive_id``, not ``drive``); an object fetches any other when it is asked
    for it, as the ORM's ``only`` does.
    """

    def __init__(self, model: type[M], alias: str, only: Collection[str] | None = None) -> None:
        self.model = model
        self._fields = [field for field in model._meta.concrete_fields if only is None or field.attname in only]
        self.names = [field.attname for field in self._fields]
        """Attributes that a row fills."""
        self.width = len(self._fields)
        """Columns in a row."""
        self.columns = ", ".join(f"{alias}.{field.column}" for field in self._fields)

    def read(self, row: Sequence[Any], offset: int = 0) -> M:
        """Return the object whose columns stand in ``row`` from ``offset`` on."""
        values = list(row[offset : offset + self.width])
        for index, convert in self._converters:
            if values[index] is not None:
                values[index] = convert(values[index])
        return self._object(dict(zip(self.names, values, strict=True)), adding=False)

    def new(self, **values: Any) -> M:
        """Return an object that is not in the database yet, by the names of its columns (``drive_id``, not ``drive``).

        What is not given is the field's default.
        """
        made = self._object(self._fixed | values, adding=True)
        attributes = made.__dict__
        for name, default in self._made_up:
            if name not in attributes:
                attributes[name] = default()
        if len(attributes) > self.width + _OWN_ATTRIBUTES:
            raise TypeError(f"{self.model.__name__} has no {', '.join(sorted(values.keys() - set(self.names)))}.")
        return made

    def insert(self, objects: Sequence[M], *, ignore_conflicts: bool = False) -> int:
        """Insert rows and return how many were; with ``ignore_conflicts`` those that break a unique rule are left out.

        Raises IntegrityError.
        """
        if not objects:
            return 0
        sql = self._insert + (" ON CONFLICT DO NOTHING" if ignore_conflicts else "")
        rows = [[each.__dict__[name] for name in self.names] for each in objects]
        for index, prepare in self._preparers:
            for row in rows:
                row[index] = prepare(row[index])
        count = change(sql, rows[0]) if len(rows) == 1 else _change_many(sql, rows)
        for each in objects:
            each._state.adding, each._state.db = False, "default"
        return count

    def _object(self, values: dict[str, Any], *, adding: bool) -> M:
        # As unpickling makes objects: a constructor would look again at each of the values, which are right.
        made = self.model.__new__(self.model)
        state = ModelState()
        state.adding, state.db = adding, None if adding else "default"
        values["_state"] = state
        made.__dict__ = values
        return made

    @cached_property
    def _insert(self) -> str:
        table = self.model._meta.db_table
        columns = ", ".join(str(field.column) for field in self._fields)
        return f"INSERT INTO {table} ({columns}) VALUES ({', '.join(['%s'] * self.width)})"  # noqa: S608 - our own names

    @cached_property
    def _fixed(self) -> dict[str, Any]:
        """The defaults that are the same for each object."""
        return {field.attname: field.get_default() for field in self._fields if not _is_made_up(field)}

    @cached_property
    def _made_up(self) -> list[tuple[str, Callable[[], Any]]]:
        """The defaults that are made anew for each object, as random ids are."""
        return [(field.attname, field.default) for field in self._fields if _is_made_up(field)]

    @cached_property
    def _preparers(self) -> list[tuple[int, Callable[[Any], Any]]]:
        return [
            (index, moment if isinstance(field, models.DateTimeField) else partial(_prepare, field))
            for index, field in enumerate(self._fields)
            if not isinstance(field.target_field if isinstance(field, models.ForeignKey) else field, _PLAIN)
        ]

    @cached_property
    def _converters(self) -> list[tuple[int, Callable[[Any], Any]]]:
        found: list[tuple[int, Callable[[Any], Any]]] = []
        for index, field in enumerate(self._fields):
            if isinstance(field, models.DateTimeField):
                found.append((index, _aware))
            else:
                column = Col(self.model._meta.db_table, field)
                found += [(index, partial(_convert, convert)) for convert in _of(column)]
        return found


def _is_made_up(field: models.Field[Any, Any]) -> bool:
    return field.has_default() and callable(field.default)


def marks(values: Collection[object]) -> str:
    """Return the inside of ``IN (...)``."""
    return ", ".join(["%s"] * len(values))


def fetch(sql: str, params: Sequence[Any]) -> list[Sequence[Any]]:
    """Run a SELECT, with ``%s`` for each parameter and no other ``%``, and return its rows."""
    database = _database()
    bare = _bare(database)
    if bare is not None:
        with database.wrap_database_errors:
            return bare.execute(_with_question_marks(sql), params).fetchall()
    with database.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[Sequence[Any]] = cursor.fetchall()
        return rows


def change(sql: str, params: Sequence[Any]) -> int:
    """Run an UPDATE, INSERT or DELETE, with parameters as ``fetch`` has them; return how many rows it changed."""
    database = _database()
    bare = _bare(database)
    if bare is not None:
        with database.wrap_database_errors:
            return bare.execute(_with_question_marks(sql), params).rowcount
    with database.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def _change_many(sql: str, rows: Sequence[Sequence[Any]]) -> int:
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)
        return int(cursor.rowcount)


def _database() -> BaseDatabaseWrapper:
    # ``connection`` is a proxy that looks for the thread's own connection at each step; here it is looked for once.
    return connections[DEFAULT_DB_ALIAS]


def _bare(database: BaseDatabaseWrapper) -> sqlite3.Connection | None:
    """Return SQLite's own connection, where nobody listens to the statements of Django's; else None.

    Django makes two cursors and rewrites the text for each statement, which takes longer than most of these take to
    run. What it guards is guarded here too: errors become Django's, and a broken transaction takes no statement.
    """
    if database.vendor != "sqlite" or database.execute_wrappers or database.queries_logged:
        return None
    database.ensure_connection()
    database.validate_no_broken_transaction()
    bare: sqlite3.Connection = database.connection
    return bare


@lru_cache(maxsize=512)
def _with_question_marks(sql: str) -> str:
    return sql.replace("%s", "?")


@lru_cache(maxsize=256)
def moment(value: datetime | None) -> Any:
    """Return an aware time as the database takes it. Remembered: the rows of one call share their moments."""
    return connection.ops.adapt_datetimefield_value(value)


def _aware(value: datetime) -> datetime:
    """Return a time as the ORM does: all that are kept are in UTC, and SQLite does not say so."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


def _prepare(field: models.Field[Any, Any], value: Any) -> Any:
    return field.get_db_prep_save(value, connection)


def _of(column: Col) -> list[Callable[..., Any]]:
    return [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]


def _convert(convert: Callable[..., Any], value: Any) -> Any:
    # A connection belongs to one thread; this is the proxy that finds the thread's own.
    return convert(value, None, connection)


UPLOADS = Table(Upload, "u")
ITEMS = Table(Item, "n")
FILES = Table(File, "n")
BLOBS = Table(Blob, "o")
VERSIONS = Table(FileVersion, "v")
BACKENDS = Table(Backend, "b")

# What a decision about an upload, and its way to the store, takes of the rows around it.
PLACES = Table(Item, "n", only=("id", "kind", "drive_id", "parent_id", "trash_id"))
CHILDREN = Table(Item, "k", only=(*PLACES.names, "name", "name_key"))
DRIVES = Table(Drive, "d", only=("id", "backend_id", "prefix", "archived_at"))
STORES = Table(Backend, "b", only=("id", "driver", "config", "writable"))
