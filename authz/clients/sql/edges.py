"""The edges of the tree as tuples, read from the rows that the application told of: for a server that has them too."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from django.db import connections

from authz.clients.sql.dialect import row_source, rows_parameter
from authz.clients.sql.structure import ConstantEdge, Edge, JoinEdge, Rows, Structure
from authz.dsl.model import AuthorizationModel
from authz.types import TupleKey, split_object

_PAGE = 200
"""Objects that are read together; each has an edge for every folder above it."""


class StructureEdges:
    """What the rows of ``structure`` say, in the database ``using``, as far as ``model`` has a relation for it."""

    def __init__(self, model: AuthorizationModel, structure: Structure, using: str) -> None:
        self._structure = structure
        self._using = using
        self.relations = frozenset(
            (type_name, tupleset) for type_name, tupleset in structure.edges() if model.relation(type_name, tupleset)
        )
        """Every ``(type, tupleset)`` that stands in rows."""

    def of(self, objects: Collection[str]) -> list[TupleKey]:
        """Return every edge that leads away from the objects, in no order. One statement for each type and edge."""
        by_type: dict[str, list[str]] = {}
        for name in dict.fromkeys(objects):
            type_name, object_id = split_object(name)
            by_type.setdefault(type_name, []).append(object_id)
        return [
            TupleKey(f"{edge.target}:{target}", tupleset, f"{type_name}:{object_id}")
            for type_name, tupleset in sorted(self.relations)
            if type_name in by_type
            for edge in self._structure.rows[type_name].leading(tupleset)
            for object_id, target in targets(self._structure, self._using, type_name, edge, by_type[type_name])
        ]

    def pages(self) -> Iterator[list[TupleKey]]:
        """Yield all edges there are, those of some objects at a time."""
        for type_name in sorted({type_name for type_name, _ in self.relations}):
            rows = self._structure.rows[type_name]
            last = ""
            while ids := self._read(
                f"SELECT {rows.id_column} FROM {_table(rows)} r WHERE {rows.id_column} > %s"  # noqa: S608
                f" ORDER BY {rows.id_column} LIMIT {_PAGE}",
                [last],
            ):
                last = ids[-1][0]
                yield self.of([f"{type_name}:{object_id}" for (object_id,) in ids])

    def sample(self, type_name: str, count: int) -> list[str]:
        """Return at most ``count`` objects of a type, drawn at random. It reads the whole table."""
        rows = self._structure.rows.get(type_name)
        if rows is None:
            return []
        text = f"SELECT {rows.id_column} FROM {_table(rows)} r ORDER BY random() LIMIT {count:d}"  # noqa: S608
        return [f"{type_name}:{object_id}" for (object_id,) in self._read(text, [])]

    def _read(self, text: str, params: list[str]) -> list[tuple[str, ...]]:
        with connections[self._using].cursor() as cursor:
            cursor.execute(text, params)
            return list(cursor.fetchall())


def targets(
    structure: Structure, using: str, type_name: str, edge: Edge, ids: Collection[str], limit: int | None = None
) -> list[tuple[str, str]]:
    """Return pairs of an id of ``ids`` and an id that ``edge`` leads to from there, at most ``limit``. One statement.

    What is no object of its type has no edge, and gets none: the root folder of a drive.
    """
    rows = structure.rows[type_name]
    tables, conditions = f"{rows.table} x", [f"x.{rows.id_column} = q.id", rows.condition.format(row="x.")]
    if isinstance(edge, ConstantEdge):
        found = pairs(using, f"x.{rows.id_column}, ''", tables, conditions, ids, limit)
        return [(source, edge.object_id) for source, _ in found]
    if isinstance(edge, JoinEdge):
        tables += f" CROSS JOIN {edge.table} e"
        target, row = f"e.{edge.destination}", "e."
        conditions.append(f"e.{edge.source} = x.{edge.column}")
    else:
        target, row = f"x.{edge.column}", "x."
    conditions += [edge.condition.format(row=row), f"{target} IS NOT NULL", is_object(structure, edge.target, target)]
    return pairs(using, f"x.{rows.id_column}, {target}", tables, conditions, ids, limit)


def is_object(structure: Structure, type_name: str, value: str) -> str:
    """Return the condition that ``value`` is the id of an object of a type; empty for a type that has no rows."""
    rows = structure.rows.get(type_name)
    return f"EXISTS (SELECT 1 FROM {_table(rows)} t WHERE t.{rows.id_column} = {value})" if rows is not None else ""  # noqa: S608


def pairs(
    using: str, columns: str, tables: str, conditions: Sequence[str], ids: Collection[str], limit: int | None = None
) -> list[tuple[str, str]]:
    """Return two columns of ``tables`` for the ``ids``, which stand before them as ``q.id``; empty conditions are none.

    The ids come first in any plan: SQLite keeps the order of a CROSS JOIN, and PostgreSQL finds the best.
    """
    source = row_source(connections[using].vendor, ["id"])
    where = " AND ".join(f"({text})" for text in conditions if text)
    text = f"SELECT {columns} FROM ({source}) q CROSS JOIN {tables}{f' WHERE {where}' if where else ''}"  # noqa: S608
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"{text} LIMIT {limit:d}" if limit is not None else text, [rows_parameter([[each] for each in ids])]
        )
        found: list[tuple[str, str]] = cursor.fetchall()
    return found


def _table(rows: Rows) -> str:
    condition = rows.condition.format(row="")
    return f"(SELECT * FROM {rows.table} WHERE {condition})" if condition else rows.table  # noqa: S608
