"""A plan as SQL over the rows of a table.

Two forms of the same plan. One is a condition on a row, made of sets (``n.id IN (...) OR n.drive_id IN (...)``), which
composes with any filter and order. The other is the ids that could satisfy the plan. Where the grants come from is a
``GrantSource``: sub-queries of the tuple table, or lists that a remote engine has told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from authz.clients.sql.dialect import Sql
from authz.clients.sql.structure import ColumnEdge, ConstantEdge, Rows, Structure
from authz.engine.plan import AllOf, AnyOf, Except, Grants, Plan, Via

_NOBODY = Sql("SELECT NULL WHERE 1 = 0")


class GrantSource(Protocol):
    """Where the ids of granted objects come from, as SQL."""

    def granted(self, plan: Grants) -> Sql:
        """Return a SELECT of the ids of the objects on which the actor holds one of the grants."""
        ...

    def sources(self, edge: tuple[str, str], target_type: str, targets: Sql) -> Sql:
        """Return a SELECT of the ids of the objects whose stored tuples of ``edge`` lead to one of ``targets``.

        Raises UnplannableRelation where tuples cannot be looked at by SQL.
        """
        ...


@dataclass(frozen=True, slots=True)
class VisibilitySql:
    """What a list statement needs: ``WITH RECURSIVE {ctes} SELECT ... FROM rows alias WHERE {where}``.

    ``where`` is a condition in brackets (null counts as no). ``candidates`` is a SELECT of the ids of all rows that can
    be visible and of some that are not, some twice, for a bounded look at how many there may be. ``ctes`` is the same
    for every predicate of one actor. Parameters are in the order of the text.
    """

    ctes: str
    cte_params: tuple[Any, ...]
    where: str
    where_params: tuple[Any, ...]
    candidates: str
    candidate_params: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Predicate:
    """The forms of a plan for one row type."""

    where: Sql
    candidates: Sql


def compile_predicate(plan: Plan, structure: Structure, grants: GrantSource, type_name: str, alias: str) -> Predicate:
    """Return the SQL of ``plan`` for the rows of ``type_name``, which stand under ``alias``."""
    sets = _Sets(structure, grants)
    where = _Conditions(sets, structure.rows[type_name], f"{alias}.").condition(plan, negative=False)
    return Predicate(_bracketed(where), sets.candidates(_positive(plan), type_name))


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

    def __init__(self, structure: Structure, grants: GrantSource) -> None:
        self._structure = structure
        self.grants = grants

    def candidates(self, plan: Plan, type_name: str) -> Sql:
        """Return as ``ids`` does, some perhaps twice, so that a LIMIT ends the search and not only its result."""
        plans = plan.plans if isinstance(plan, AnyOf) else (plan,)
        return _compound([self.ids(part, type_name) for part in plans], " UNION ALL ")

    def ids(self, plan: Plan, type_name: str) -> Sql:
        """Return a SELECT of the ids of all objects of ``type_name`` that satisfy ``plan``."""
        if isinstance(plan, Grants):
            return self.grants.granted(plan)
        if isinstance(plan, Via):
            return self._via(plan, type_name)
        if isinstance(plan, AnyOf):
            return _compound([self.ids(part, type_name) for part in plan.plans], " UNION ")
        if isinstance(plan, AllOf):
            return _compound([self.ids(part, type_name) for part in plan.plans], " INTERSECT ")
        if isinstance(plan, Except):
            return _compound([self.ids(plan.base, type_name), self.ids(plan.subtract, type_name)], " EXCEPT ")
        return _NOBODY

    def _via(self, plan: Via, type_name: str) -> Sql:
        rows = self._structure.rows.get(type_name)
        if rows is None or plan.edge[1] not in rows.edges:
            return self.stored_sources(plan)
        condition = _Conditions(self, rows, "").condition(plan, negative=False)
        extra = f" AND ({rows.condition})" if rows.condition else ""
        return Sql(
            f"SELECT {rows.id_column} FROM {rows.table} WHERE ({condition.text}){extra}",  # noqa: S608
            condition.params,
        )

    def stored_sources(self, plan: Via) -> Sql:
        """Return the ids of the objects whose stored tuples of the edge lead to an object that satisfies the plan."""
        parts = [self.grants.sources(plan.edge, name, self.ids(target, name)) for name, target in plan.targets]
        return _compound(parts, " UNION ") if parts else _NOBODY


class _Conditions:
    """Plans as conditions on a row. Behind NOT (``negative``) one is false, not null, where a column is null."""

    def __init__(self, sets: _Sets, rows: Rows, prefix: str) -> None:
        self._sets = sets
        self._rows = rows
        self._prefix = prefix

    def condition(self, plan: Plan, *, negative: bool) -> Sql:
        if isinstance(plan, Grants):
            return self._has_id_in(self._sets.grants.granted(plan))
        if isinstance(plan, Via):
            return self._via(plan, negative=negative)
        if isinstance(plan, AnyOf | AllOf):
            word = " OR " if isinstance(plan, AnyOf) else " AND "
            return _joined([self.condition(part, negative=negative) for part in plan.plans], word)
        if isinstance(plan, Except):
            base = self.condition(plan.base, negative=negative)
            subtract = self.condition(plan.subtract, negative=True)
            return Sql(f"({base.text}) AND NOT ({subtract.text})", base.params + subtract.params)
        return Sql("1 = 0")

    def _via(self, plan: Via, *, negative: bool) -> Sql:
        edge = self._rows.edges.get(plan.edge[1])
        if edge is None:
            return self._has_id_in(self._sets.stored_sources(plan))
        targets = self._sets.ids(plan.target(edge.target), edge.target)
        if isinstance(edge, ConstantEdge):
            return Sql(f"%s IN ({targets.text})", (edge.object_id, *targets.params))
        column = self._prefix + edge.column
        if isinstance(edge, ColumnEdge):
            return _guarded(column, targets, negative=negative)
        extra = f" AND ({edge.condition})" if edge.condition else ""
        leads = f"{edge.destination} IN ({targets.text}){extra}"
        sources = Sql(f"SELECT {edge.source} FROM {edge.table} WHERE {leads}", targets.params)  # noqa: S608
        return _guarded(column, sources, negative=negative)

    def _has_id_in(self, ids: Sql) -> Sql:
        return Sql(f"{self._prefix}{self._rows.id_column} IN ({ids.text})", ids.params)


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
