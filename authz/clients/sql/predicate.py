"""A plan as SQL over the rows of a table.

Three forms of the same plan. Two are conditions on a row, which compose with any filter and order: one made of sets
(``n.id IN (...) OR n.drive_id IN (...)``), from which a planner can start, and one made of probes, which costs little
per row and nothing beforehand, for walking an ordered index until a page is full. The third is the ids that could
satisfy the plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from authz.clients.sql.dialect import Sql, placeholders
from authz.clients.sql.structure import ColumnEdge, ConstantEdge, Rows, Structure
from authz.clients.sql.subjects import TUPLES
from authz.engine.plan import AllOf, AnyOf, Except, Grants, Plan, Via

_NOBODY = Sql("SELECT NULL WHERE 1 = 0")


@dataclass(frozen=True, slots=True)
class VisibilitySql:
    """What a list statement needs: ``WITH RECURSIVE {ctes} SELECT ... FROM rows alias WHERE {where}``.

    ``where`` and ``scan_where`` are conditions in brackets that say the same (null counts as no). ``where`` starts
    from the grants: right for a count, and for an actor who sees little of the table. ``scan_where`` looks the grants
    of each row up: right for a page in the order of an index, for an actor who sees much of it. ``candidates`` is a
    SELECT of the ids of all rows that can be visible and of some that are not, some twice, for a bounded look at how
    many there may be. ``ctes`` is the same for every predicate of one actor. Parameters are in the order of the text.
    """

    ctes: str
    cte_params: tuple[Any, ...]
    where: str
    where_params: tuple[Any, ...]
    scan_where: str
    scan_params: tuple[Any, ...]
    candidates: str
    candidate_params: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Predicate:
    """The forms of a plan for one row type; all read the expressions of ``authz.clients.sql.subjects``."""

    where: Sql
    scan: Sql
    candidates: Sql


def compile_predicate(plan: Plan, structure: Structure, type_name: str, alias: str) -> Predicate:
    """Return the SQL of ``plan`` for the rows of ``type_name``, which stand under ``alias``."""
    sets = _Sets(structure)
    rows = structure.rows[type_name]
    where = _Conditions(sets, rows, f"{alias}.", probing=False).condition(plan, negative=False)
    scan = _Conditions(sets, rows, f"{alias}.", probing=True).condition(plan, negative=False)
    return Predicate(_bracketed(where), _bracketed(scan), sets.candidates(_positive(plan), type_name))


def _positive(plan: Plan) -> Plan:
    """Return a simpler plan that is satisfied wherever ``plan`` is."""
    if isinstance(plan, AnyOf):
        return AnyOf(tuple(_positive(part) for part in plan.plans))
    if isinstance(plan, AllOf):
        return _positive(plan.plans[0])
    if isinstance(plan, Except):
        return _positive(plan.base)
    if isinstance(plan, Via):
        return Via(plan.edge, tuple((name, _positive(target)) for name, target in plan.targets))
    return plan


class _Sets:
    """Plans as SELECTs of ids."""

    def __init__(self, structure: Structure) -> None:
        self._structure = structure

    def candidates(self, plan: Plan, type_name: str) -> Sql:
        """Return as ``ids`` does, some perhaps twice, so that a LIMIT ends the search and not only its result."""
        plans = plan.plans if isinstance(plan, AnyOf) else (plan,)
        return _compound([self.ids(part, type_name) for part in plans], " UNION ALL ")

    def ids(self, plan: Plan, type_name: str) -> Sql:
        """Return a SELECT of the ids of all objects of ``type_name`` that satisfy ``plan``."""
        if isinstance(plan, Grants):
            return self._grants(plan, type_name)
        if isinstance(plan, Via):
            return self._via(plan, type_name)
        if isinstance(plan, AnyOf):
            return _compound([self.ids(part, type_name) for part in plan.plans], " UNION ")
        if isinstance(plan, AllOf):
            return _compound([self.ids(part, type_name) for part in plan.plans], " INTERSECT ")
        if isinstance(plan, Except):
            return _compound([self.ids(plan.base, type_name), self.ids(plan.subtract, type_name)], " EXCEPT ")
        return _NOBODY

    def _grants(self, plan: Grants, type_name: str) -> Sql:
        rows = self._structure.rows.get(type_name)
        parts = [granted_ids(plan)]
        for relation in sorted(plan.relations & rows.grants.keys()) if rows else ():
            assert rows is not None
            holders = holder_ids(rows, relation)
            parts.append(_rows_where(rows, Sql(f"{rows.grants[relation].column} IN ({holders.text})", holders.params)))
        return _compound(parts, " UNION ")

    def _via(self, plan: Via, type_name: str) -> Sql:
        rows = self._structure.rows.get(type_name)
        if rows is None or plan.edge[1] not in rows.edges:
            return self.stored_sources(plan)
        return _rows_where(rows, _Conditions(self, rows, "", probing=False).condition(plan, negative=False))

    def stored_sources(self, plan: Via) -> Sql:
        """Return the ids of the objects whose stored tuples of the edge lead to an object that satisfies the plan."""
        object_type, tupleset = plan.edge
        parts = []
        for target_type, target in plan.targets:
            ids = self.ids(target, target_type)
            parts.append(
                Sql(
                    f"SELECT e.object_id FROM {TUPLES} e WHERE e.object_type = %s AND e.relation = %s"  # noqa: S608
                    " AND e.condition_name = '' AND e.subject LIKE %s AND substr(e.subject, %s) IN"
                    f" ({ids.text})",
                    (object_type, tupleset, f"{target_type}:%", len(target_type) + 2, *ids.params),
                )
            )
        return _compound(parts, " UNION ") if parts else _NOBODY


class _Conditions:
    """Plans as conditions on a row. Behind NOT (``negative``) one is false, not null, where a column is null."""

    def __init__(self, sets: _Sets, rows: Rows, prefix: str, *, probing: bool) -> None:
        self._sets = sets
        self._rows = rows
        self._prefix = prefix
        self._probing = probing

    def condition(self, plan: Plan, *, negative: bool) -> Sql:
        if isinstance(plan, Grants):
            return self._grants(plan, negative=negative)
        if isinstance(plan, Via):
            return self._via(plan, negative=negative)
        if isinstance(plan, AnyOf | AllOf):
            # The coarsest first: whoever has the whole drive is let through before folders and files are looked at.
            parts = sorted(plan.plans, key=self._fineness) if self._probing else plan.plans
            word = " OR " if isinstance(plan, AnyOf) else " AND "
            return _joined([self.condition(part, negative=negative) for part in parts], word)
        if isinstance(plan, Except):
            base = self.condition(plan.base, negative=negative)
            subtract = self.condition(plan.subtract, negative=True)
            return Sql(f"({base.text}) AND NOT ({subtract.text})", base.params + subtract.params)
        return Sql("1 = 0")

    def _fineness(self, plan: Plan) -> int:
        edge = self._rows.edges.get(plan.edge[1]) if isinstance(plan, Via) else None
        return 0 if isinstance(edge, ConstantEdge) else 1 if isinstance(edge, ColumnEdge) else 2 if edge else 3

    def _grants(self, plan: Grants, *, negative: bool) -> Sql:
        id_column = self._prefix + self._rows.id_column
        if self._probing:
            parts = [granted_here(plan, id_column)]
        else:
            ids = granted_ids(plan)
            parts = [Sql(f"{id_column} IN ({ids.text})", ids.params)]
        for relation in sorted(plan.relations & self._rows.grants.keys()):
            column = self._prefix + self._rows.grants[relation].column
            parts.append(_guarded(column, holder_ids(self._rows, relation), negative=negative))
        return _joined(parts, " OR ")

    def _via(self, plan: Via, *, negative: bool) -> Sql:
        edge = self._rows.edges.get(plan.edge[1])
        if edge is None:
            ids = self._sets.stored_sources(plan)
            return Sql(f"{self._prefix}{self._rows.id_column} IN ({ids.text})", ids.params)
        targets = self._sets.ids(plan.target(edge.target), edge.target)
        if isinstance(edge, ConstantEdge):
            return Sql(f"%s IN ({targets.text})", (edge.object_id, *targets.params))
        column = self._prefix + edge.column
        if isinstance(edge, ColumnEdge):
            return _guarded(column, targets, negative=negative)
        extra = f" AND ({edge.condition})" if edge.condition else ""
        leads = f"{edge.destination} IN ({targets.text}){extra}"
        if self._probing:
            return Sql(
                f"EXISTS (SELECT 1 FROM {edge.table} WHERE {edge.source} = {column} AND {leads})",  # noqa: S608
                targets.params,
            )
        sources = Sql(f"SELECT {edge.source} FROM {edge.table} WHERE {leads}", targets.params)  # noqa: S608
        return _guarded(column, sources, negative=negative)


def granted_ids(plan: Grants) -> Sql:
    """Return the ids of the objects on which the subjects hold one of the grants, found from the subjects."""
    relations = sorted(plan.relations)
    return Sql(
        f"SELECT t.object_id FROM holds h CROSS JOIN {TUPLES} t"  # noqa: S608
        f" WHERE h.object_type = %s AND h.relation IN ({placeholders(relations)})"
        " AND t.subject = h.subject AND t.object_type = h.object_type AND t.relation = h.relation"
        " AND t.condition_name = ''",
        (plan.type, *relations),
    )


def granted_here(plan: Grants, id_column: str) -> Sql:
    """Return whether the subjects hold one of the grants on the object of this row, found from the object."""
    relations = sorted(plan.relations)
    parts = [
        Sql(
            f"EXISTS (SELECT 1 FROM {TUPLES} t WHERE t.object_type = %s AND t.object_id = {id_column}"  # noqa: S608
            " AND t.relation = %s AND t.condition_name = ''"
            " AND t.subject IN (SELECT h.subject FROM holds h WHERE h.object_type = %s AND h.relation = %s))",
            (plan.type, relation, plan.type, relation),
        )
        for relation in relations
    ]
    return _joined(parts, " OR ")


def holder_ids(rows: Rows, relation: str) -> Sql:
    """Return the ids of the subjects of a grant column's kind."""
    kind = rows.grants[relation].kind
    return Sql("SELECT substr(subject, %s) FROM subjects WHERE kind = %s", (len(kind) + 2, kind))


def _rows_where(rows: Rows, condition: Sql) -> Sql:
    extra = f" AND ({rows.condition})" if rows.condition else ""
    return Sql(f"SELECT {rows.id_column} FROM {rows.table} WHERE ({condition.text}){extra}", condition.params)  # noqa: S608


def _guarded(column: str, ids: Sql, *, negative: bool) -> Sql:
    test = f"{column} IN ({ids.text})"
    return Sql(f"({column} IS NOT NULL AND {test})" if negative else test, ids.params)


def _bracketed(condition: Sql) -> Sql:
    return Sql(f"({condition.text})", condition.params)


def _joined(parts: list[Sql], word: str) -> Sql:
    if len(parts) == 1:
        return parts[0]
    return Sql(word.join(f"({part.text})" for part in parts), _params(parts))


def _compound(parts: list[Sql], word: str) -> Sql:
    """Join SELECTs. A compound one is wrapped, because SQLite takes no brackets around the members of a compound."""
    if len(parts) == 1:
        return parts[0]
    texts = [f"SELECT * FROM ({part.text}) q" if part.compound else part.text for part in parts]  # noqa: S608
    return Sql(word.join(texts), _params(parts), compound=True)


def _params(parts: Iterable[Sql]) -> tuple[Any, ...]:
    return tuple(value for part in parts for value in part.params)
