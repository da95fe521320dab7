"""Rows to objects and back, for the few statements that run on every upload and every download.

Django's query builder spends most of such a statement's time on building the same SQL again. Here the text is written
once, and the columns still come from the model, so that a migration cannot drift away from it. For everything that is
not on a hot path the ORM is the right tool.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property, lru_cache, partial
from typing import Any, Generic, TypeVar

from django.db import connection, models
from django.db.models.base import ModelState
from django.db.models.expressions import Col

M = TypeVar("M", bound=models.Model)

_PLAIN = (models.CharField, models.BigIntegerField, models.PositiveIntegerField, models.BooleanField)
"""Fields whose values go into the database as they are."""


class Mapping(Generic[M]):
    """One model's table under an alias: its columns for a SELECT, its objects from rows, and an INSERT."""

    def __init__(self, model: type[M], alias: str) -> None:
        self.model = model
        self._fields = list(model._meta.concrete_fields)
        self._names = [field.attname for field in self._fields]
        self.width = len(self._fields)
        """Columns in a row."""
        self.columns = ", ".join(f"{alias}.{field.column}" for field in self._fields)

    def read(self, row: Sequence[Any], offset: int = 0) -> M:
        """Return the object whose columns stand in ``row`` from ``offset`` on."""
        values = list(row[offset : offset + self.width])
        for index, convert in self._converters:
            if values[index] is not None:
                values[index] = convert(values[index])
        return self._object(values, adding=False)

    def new(self, **values: Any) -> M:
        """Return an object that is not in the database yet, by the names of its columns (``drive_id``, not ``drive``).

        What is not given is the field's default.
        """
        given = values.pop
        made = self._object([given(name, _MISSING) for name in self._names], adding=True)
        if values:
            raise TypeError(f"{self.model.__name__} has no {', '.join(sorted(values))}.")
        attributes = made.__dict__
        for name, default in self._defaults:
            if attributes[name] is _MISSING:
                attributes[name] = default()
        return made

    def insert(self, objects: Sequence[M], *, ignore_conflicts: bool = False) -> int:
        """Insert rows and return how many were; with ``ignore_conflicts`` those that break a unique rule are left out.

        Raises IntegrityError.
        """
        if not objects:
            return 0
        sql = self._insert + (" ON CONFLICT DO NOTHING" if ignore_conflicts else "")
        rows = [[each.__dict__[name] for name in self._names] for each in objects]
        for index, prepare in self._preparers:
            for row in rows:
                row[index] = prepare(row[index])
        with connection.cursor() as cursor:
            if len(rows) == 1:
                cursor.execute(sql, rows[0])
            else:
                cursor.executemany(sql, rows)
            count = int(cursor.rowcount)
        for each in objects:
            each._state.adding, each._state.db = False, "default"
        return count

    def _object(self, values: Iterable[Any], *, adding: bool) -> M:
        # As unpickling makes objects: a constructor would look again at each of the values, which are right.
        made = self.model.__new__(self.model)
        state = ModelState()
        state.adding, state.db = adding, None if adding else "default"
        made.__dict__ = dict(zip(self._names, values, strict=True))
        made._state = state
        return made

    @cached_property
    def _insert(self) -> str:
        table = self.model._meta.db_table
        columns = ", ".join(str(field.column) for field in self._fields)
        return f"INSERT INTO {table} ({columns}) VALUES ({', '.join(['%s'] * self.width)})"  # noqa: S608 - our own names

    @cached_property
    def _defaults(self) -> list[tuple[str, Callable[[], Any]]]:
        return [(field.attname, field.get_default) for field in self._fields]

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


def marks(values: Sequence[object]) -> str:
    """Return the inside of ``IN (...)``."""
    return ", ".join(["%s"] * len(values))


def fetch(sql: str, params: Sequence[Any]) -> list[Sequence[Any]]:
    """Run a SELECT and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[Sequence[Any]] = cursor.fetchall()
        return rows


def change(sql: str, params: Sequence[Any]) -> int:
    """Run an UPDATE, INSERT or DELETE and return how many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


@lru_cache(maxsize=256)
def moment(value: datetime | None) -> Any:
    """Return an aware time as the database takes it. Remembered: the rows of one call share their moments."""
    return connection.ops.adapt_datetimefield_value(value)


_MISSING: Any = object()


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
