"""The edges of the tree as tuples read from the rows: for the engine, where a question cannot bring them along.

A list that no predicate can say, and a userset or a stored edge that leads to any place of the tree, need the places of
objects that nobody has named yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from authz.clients.sql.edges import is_object, pairs, targets
from authz.clients.sql.sets import came_from
from authz.clients.sql.structure import ConstantEdge, Edge, Rows, Structure
from authz.engine.reader import Found, ObjectQuery, SubjectQuery, TupleReader
from authz.errors import ResolutionTooComplex
from authz.types import split_object

MAX_ROWS = 50_000
"""Rows that one step of the engine may lead to: it holds each of them in memory, and asks about each."""

_Query = TypeVar("_Query", SubjectQuery, ObjectQuery)


class RowTuples:
    """A ``TupleReader`` that has ``stored`` tuples, and the edges of ``structure`` from the rows of ``using``.

    One statement for each edge that is asked about, however often. Raises ResolutionTooComplex beyond ``MAX_ROWS``.
    """

    def __init__(self, stored: TupleReader, structure: Structure, using: str) -> None:
        self._stored = stored
        self._structure = structure
        self._rows = structure.rows
        self._using = using

    def subjects(self, queries: Sequence[SubjectQuery]) -> list[Sequence[Found]]:
        """See ``TupleReader``."""
        found: dict[SubjectQuery, list[Found]] = {}
        others: list[SubjectQuery] = []
        by_edge: dict[tuple[str, str], dict[str, list[Found]]] = {}
        for query in dict.fromkeys(queries):
            type_name, object_id = split_object(query.object)
            if self._leading(type_name, query.relation):
                # Two users may be asked about at once: an edge leads to the same for both.
                found[query] = by_edge.setdefault((type_name, query.relation), {}).setdefault(object_id, [])
            else:
                others.append(query)
        for (type_name, relation), by_id in by_edge.items():
            for edge in self._leading(type_name, relation):
                for source, target in self._targets(type_name, edge, list(by_id)):
                    by_id[source].append(Found(f"{edge.target}:{target}"))
        return _in_order(queries, found, others, self._stored.subjects(others) if others else ())

    def objects(self, queries: Sequence[ObjectQuery]) -> list[Sequence[Found]]:
        """See ``TupleReader``."""
        found: dict[ObjectQuery, list[Found]] = {}
        others: list[ObjectQuery] = []
        by_edge: dict[tuple[str, str, str], dict[str, ObjectQuery]] = {}
        for query in dict.fromkeys(queries):
            if not self._leading(query.type, query.relation):
                others.append(query)
                continue
            found[query] = []
            if "#" not in query.subject:
                target_type, target_id = split_object(query.subject)
                by_edge.setdefault((query.type, query.relation, target_type), {})[target_id] = query
        for (type_name, relation, target_type), asked in by_edge.items():
            for edge in self._leading(type_name, relation):
                if edge.target == target_type:
                    for source, target in self._sources(self._rows[type_name], edge, list(asked)):
                        found[asked[target]].append(Found(f"{type_name}:{source}"))
        return _in_order(queries, found, others, self._stored.objects(others) if others else ())

    def _leading(self, type_name: str, relation: str) -> tuple[Edge, ...]:
        rows = self._rows.get(type_name)
        return rows.leading(relation) if rows is not None else ()

    def _targets(self, type_name: str, edge: Edge, ids: Sequence[str]) -> list[tuple[str, str]]:
        """Return pairs of an id and the id it leads to."""
        return _bounded(targets(self._structure, self._using, type_name, edge, ids, MAX_ROWS + 1))

    def _sources(self, rows: Rows, edge: Edge, ids: Sequence[str]) -> list[tuple[str, str]]:
        """Return pairs of an id that leads to one of ``ids``, and that one."""
        if isinstance(edge, ConstantEdge):
            if edge.object_id not in ids:
                return []
            found = self._pairs(f"x.{rows.id_column}, q.id", f"{rows.table} x", [rows.condition.format(row="x.")], [""])
            return [(source, edge.object_id) for source, _ in found]
        table, condition = came_from(edge, rows, "q.id", "e", "x")
        known = is_object(self._structure, edge.target, "q.id")
        return self._pairs(f"x.{rows.id_column}, q.id", table, [condition.text, known], ids)

    def _pairs(self, columns: str, tables: str, conditions: Sequence[str], ids: Sequence[str]) -> list[tuple[str, str]]:
        return _bounded(pairs(self._using, columns, tables, conditions, ids, MAX_ROWS + 1))


def _bounded(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    if len(found) > MAX_ROWS:
        raise ResolutionTooComplex(f"more than {MAX_ROWS} objects of the tree to judge one by one")
    return found


def _in_order(
    queries: Sequence[_Query],
    found: Mapping[_Query, Sequence[Found]],
    others: Sequence[_Query],
    answers: Sequence[Sequence[Found]],
) -> list[Sequence[Found]]:
    stored = dict(zip(others, answers, strict=True))
    return [found[query] if query in found else stored[query] for query in queries]
