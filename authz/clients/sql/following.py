"""A plan as a condition that follows the edges of the one row it judges, up to what the actor's grants name.

What it costs follows the rows that are judged and how deep they lie, however much the actor can see and however large
the tables are: right for a page, which ends after a few rows.
"""

from __future__ import annotations

from itertools import count

from authz.clients.sql.compound import FALSE, joined
from authz.clients.sql.dialect import Sql
from authz.clients.sql.sets import Sets
from authz.clients.sql.structure import ColumnEdge, ConstantEdge, Edge, JoinEdge, Rows
from authz.engine.plan import NEVER, AllOf, AnyOf, Except, Fixpoint, Grants, Plan, Via

_FENCE = " LIMIT 1 OFFSET 0"
"""Keeps PostgreSQL from working the sub-query out for all rows at once, in the hope that all will be asked about."""


class Following:
    """Conditions over one structure. Each sub-query gets aliases of its own."""

    def __init__(self, sets: Sets) -> None:
        self._sets = sets
        self._rows = sets.structure.rows
        self._numbers = count(1)

    def condition(self, plan: Plan, rows: Rows, alias: str) -> Sql:
        """Return the condition that the row ``alias`` satisfies ``plan``; true or false, and never null."""
        if isinstance(plan, Grants):
            return _is_one_of(f"{alias}.{rows.id_column}", self._sets.grants.granted(plan))
        if isinstance(plan, AnyOf | AllOf):
            word = "OR" if isinstance(plan, AnyOf) else "AND"
            return joined([self.condition(part, rows, alias) for part in plan.plans], word)
        if isinstance(plan, Except):
            base = self.condition(plan.base, rows, alias)
            subtract = self.condition(plan.subtract, rows, alias)
            return Sql(f"({base.text}) AND NOT ({subtract.text})", base.params + subtract.params)
        if isinstance(plan, Via) and (short := self._sets.shortened(plan)) != plan:
            return self.condition(short, rows, alias)
        if isinstance(plan, Via):
            edges = rows.leading(plan.edge[1])
            if not edges:
                return _is_one_of(f"{alias}.{rows.id_column}", self._sets.stored_sources(plan))
            targets = [(edge, plan.target(edge.target)) for edge in edges]
            ways = [self._leads(target, edge, rows, alias) for edge, target in targets if target != NEVER]
            return joined(ways, "OR") if ways else FALSE
        if isinstance(plan, Fixpoint):
            closed = self._sets.closed(plan)
            return self._walk(plan, rows, alias) if closed is None else self.condition(closed, rows, alias)
        return FALSE

    def _leads(self, target: Plan, edge: Edge, rows: Rows, alias: str) -> Sql:
        """Return the condition that an edge leads the row to an object of its type that satisfies ``target``."""
        if isinstance(edge, ConstantEdge):
            found = self._sets.ids(target, edge.target)
            return Sql(f"(%s IN ({found.text})) IS TRUE", (edge.object_id, *found.params))
        if isinstance(edge, ColumnEdge):
            extra = edge.condition.format(row=f"{alias}.")
            return joined([Sql(extra), self._satisfies(target, edge.target, f"{alias}.{edge.column}")], "AND")
        link = self._alias("c")
        tests = [Sql(f"{link}.{edge.source} = {alias}.{edge.column}")]
        if edge.condition:
            tests.append(Sql(edge.condition.format(row=f"{link}.")))
        tests.append(self._satisfies(target, edge.target, f"{link}.{edge.destination}"))
        return _exists(f"{edge.table} {link}", joined(tests, "AND"))

    def _satisfies(self, plan: Plan, type_name: str, id_sql: str) -> Sql:
        """Return the condition that the object of an id satisfies ``plan``: by a set of grants, or by its own row."""
        rows = self._rows.get(type_name)
        parts = plan.plans if isinstance(plan, AnyOf) else (plan,)
        by_id = [part for part in parts if rows is None or isinstance(part, Grants)]
        by_row = [part for part in parts if part not in by_id]
        tests = [_is_one_of(id_sql, self._sets.ids(part, type_name)) for part in by_id]
        if rows is not None and by_row:
            alias = self._alias("r")
            here = [Sql(f"{alias}.{rows.id_column} = {id_sql}"), Sql(rows.condition.format(row=f"{alias}."))]
            judged = joined([self.condition(part, rows, alias) for part in by_row], "OR")
            tests.append(_exists(f"{rows.table} {alias}", joined([*here, judged], "AND")))
        return joined(tests, "OR")

    def _walk(self, plan: Fixpoint, rows: Rows, alias: str) -> Sql:
        """Return the condition that a walk along the edge of a fixpoint comes to an object that satisfies its base."""
        edges = [edge for edge in rows.leading(plan.edge[1]) if edge.target == plan.type]
        if not edges:
            return _is_one_of(f"{alias}.{rows.id_column}", self._sets.ids(plan, plan.type))
        (edge,) = edges
        walk, here, end = self._alias("w"), self._alias("r"), self._alias("r")
        step = self._step(plan, edge, rows, walk, here)
        base = self.condition(plan.base, rows, end)
        return Sql(
            f"EXISTS (WITH RECURSIVE {walk}(id) AS (SELECT CAST({alias}.{rows.id_column} AS text) UNION {step.text})"  # noqa: S608
            f" SELECT 1 FROM {walk} CROSS JOIN {rows.table} {end}"
            f" WHERE {end}.{rows.id_column} = {walk}.id AND ({base.text}){_FENCE})",
            step.params + base.params,
        )

    def _step(self, plan: Fixpoint, edge: Edge, rows: Rows, walk: str, here: str) -> Sql:
        tests = [Sql(f"{here}.{rows.id_column} = {walk}.id")]
        table = f"{rows.table} {here}"
        if isinstance(edge, JoinEdge):
            link = self._alias("c")
            table += f" CROSS JOIN {edge.table} {link}"
            destination = f"{link}.{edge.destination}"
            tests += [
                Sql(f"{link}.{edge.source} = {here}.{edge.column}"),
                Sql(edge.condition.format(row=f"{link}.")),
            ]
        elif isinstance(edge, ColumnEdge):
            destination = f"{here}.{edge.column}"
            tests += [Sql(f"{destination} IS NOT NULL"), Sql(edge.condition.format(row=f"{here}."))]
        else:
            raise AssertionError("a constant edge leads to itself: that is a ring")
        tests += [self.condition(part, rows, here) for part in plan.require]
        for part in plan.refuse:
            refused = self.condition(part, rows, here)
            tests.append(Sql(f"NOT ({refused.text})", refused.params))
        passed = joined(tests, "AND")
        return Sql(
            f"SELECT CAST({destination} AS text) FROM {walk} CROSS JOIN {table} WHERE {passed.text}",  # noqa: S608
            passed.params,
        )

    def _alias(self, letter: str) -> str:
        return f"{letter}{next(self._numbers)}"


def _is_one_of(id_sql: str, ids: Sql) -> Sql:
    # IS TRUE: the set is made once and then looked into; without it a planner may look up each of its ids for each row.
    return Sql(f"({id_sql} IN ({ids.text})) IS TRUE", ids.params)


def _exists(table: str, condition: Sql) -> Sql:
    return Sql(f"EXISTS (SELECT 1 FROM {table} WHERE {condition.text}{_FENCE})", condition.params)  # noqa: S608
