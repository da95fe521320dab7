"""Rows to objects and back, for the few statements that run on every upload and every download.

Django's query builder spends most of such a statement's time on building the same SQL again. Here the text is written
once, and the columns still come from the model, so that a migration cannot drift away from it. For everything that is
not on a hot path the ORM is the right tool.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import Any, Generic, TypeVar

from django.db import connection, models
from django.db.models.expressions import Col

M = TypeVar("M", bound=models.Model)


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
            values[index] = convert(values[index])
        return self.model.from_db("default", self._names, values)

    def insert(self, objects: Sequence[M], *, ignore_conflicts: bool = False) -> int:
        """Insert rows and return how many were; with ``ignore_conflicts`` those that break a unique rule are left out.

        Raises IntegrityError.
        """
        if not objects:
            return 0
        sql = self._insert + (" ON CONFLICT DO NOTHING" if ignore_conflicts else "")
        rows = [
            [field.get_db_prep_save(getattr(each, field.attname), connection) for field in self._fields]
            for each in objects
        ]
        with connection.cursor() as cursor:
            if len(rows) == 1:
                cursor.execute(sql, rows[0])
            else:
                cursor.executemany(sql, rows)
            count = int(cursor.rowcount)
        for each in objects:
            each._state.adding, each._state.db = False, "default"
        return count

    @cached_property
    def _insert(self) -> str:
        table = self.model._meta.db_table
        columns = ", ".join(str(field.column) for field in self._fields)
        return f"INSERT INTO {table} ({columns}) VALUES ({', '.join(['%s'] * self.width)})"  # noqa: S608 - our own names

    @cached_property
    def _converters(self) -> list[tuple[int, Callable[[Any], Any]]]:
        return [
            (index, partial(_convert, convert))
            for index, field in enumerate(self._fields)
            for convert in _of(Col(self.model._meta.db_table, field))
        ]


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


def moment(value: datetime) -> Any:
    """Return an aware time as the database takes it."""
    return connection.ops.adapt_datetimefield_value(value)


def _of(column: Col) -> list[Callable[..., Any]]:
    return [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]


def _convert(convert: Callable[..., Any], value: Any) -> Any:
    # A connection belongs to one thread; this is the proxy that finds the thread's own.
    return convert(value, None, connection)
