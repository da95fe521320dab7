"""The edges of the tree as tuples, read from the rows that the application told of: for a server that has them too."""

from __future__ import annotations

from collections.abc import Collection, Iterator

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
            for object_id, target in self._targets(self._structure.rows[type_name], edge, by_type[type_name])
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

    def _targets(self, rows: Rows, edge: Edge, ids: Collection[str]) -> list[tuple[str, str]]:
        source = row_source(connections[self._using].vendor, ["object_id"])
        picked = f"({source}) q JOIN {_table(rows)} r ON r.{rows.id_column} = q.object_id"
        params: list[str] = [rows_parameter([[object_id] for object_id in ids])]
        if isinstance(edge, ConstantEdge):
            text = f"SELECT r.{rows.id_column} FROM {picked}"  # noqa: S608
            return [(name, edge.object_id) for (name,) in self._read(text, params)]
        if isinstance(edge, JoinEdge):
            picked += f" JOIN {edge.table} e ON e.{edge.source} = r.{edge.column}"
            target, condition = f"e.{edge.destination}", edge.condition.format(row="e.")
        else:
            target, condition = f"r.{edge.column}", edge.condition.format(row="r.")
        text = f"SELECT r.{rows.id_column}, {target} FROM {picked} WHERE {target} IS NOT NULL"  # noqa: S608
        text += f" AND ({condition})" if condition else ""
        there = self._structure.rows.get(edge.target)
        if there is not None:
            # What is no object of its type gets no edge: the root folder of a drive.
            text += f" AND EXISTS (SELECT 1 FROM {_table(there)} t WHERE t.{there.id_column} = {target})"  # noqa: S608
        return [(source_id, target_id) for source_id, target_id in self._read(text, params)]

    def _read(self, text: str, params: list[str]) -> list[tuple[str, ...]]:
        with connections[self._using].cursor() as cursor:
            cursor.execute(text, params)
            return list(cursor.fetchall())


def _table(rows: Rows) -> str:
    condition = rows.condition.format(row="")
    return f"(SELECT * FROM {rows.table} WHERE {condition})" if condition else rows.table  # noqa: S608
