"""What the actor's grants lead to, one row after the other: for a look at the first few, without working out the rest.

Found are all ids that satisfy a plan, some twice, and some that do not: ``but not``, ``and``, and of which type a row
is, are judged elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from authz.clients.sql.compound import NOBODY, compound, joined
from authz.clients.sql.dialect import Sql
from authz.clients.sql.sets import Sets, came_from
from authz.clients.sql.structure import ConstantEdge, Edge, Rows
from authz.engine.plan import NEVER, AllOf, AnyOf, Except, Fixpoint, Plan, Via


@dataclass(frozen=True, slots=True)
class _Chain:
    """Tables joined one to the next, from a grant to the ids it leads to. ``size``: how many, for their aliases."""

    tables: Sql
    conditions: Sql
    id: str
    size: int = 1

    def select(self) -> Sql:
        where = f" WHERE {self.conditions.text}" if self.conditions.text else ""
        text = f"SELECT {self.id} AS id FROM {self.tables.text}{where}"  # noqa: S608
        return Sql(text, self.tables.params + self.conditions.params)

    def then(self, table: str, condition: Sql, id_sql: str) -> _Chain:
        tables = Sql(f"{self.tables.text} CROSS JOIN {table}", self.tables.params)
        return _Chain(tables, joined([self.conditions, condition], "AND"), id_sql, self.size + 1)

    def then_for_each(self, table: str, condition: Sql, id_sql: str) -> _Chain:
        """As ``then``, but in a sub-query that PostgreSQL runs for each row so far, and never turns round."""
        step = f"s{self.size}"
        inner = f"SELECT {id_sql} AS id FROM {table} WHERE {condition.text} OFFSET 0"  # noqa: S608
        tables = Sql(f"{self.tables.text} CROSS JOIN LATERAL ({inner}) {step}", self.tables.params + condition.params)
        return _Chain(tables, self.conditions, f"{step}.id", self.size + 1)


class Candidates:
    """Candidates over one structure."""

    def __init__(self, sets: Sets, vendor: str) -> None:
        self._sets = sets
        # A planner that has many rows to expect, and finds none, would have read all of them for it. SQLite has no
        # LATERAL and needs none: it joins in the order that is written.
        self._then = _Chain.then_for_each if vendor == "postgresql" else _Chain.then
        self._rows = sets.structure.rows

    def select(self, plan: Plan, type_name: str) -> Sql:
        """Return a SELECT of ``id`` that yields what it finds at once, so that a LIMIT ends the search."""
        chains = [chain.select() for chain in self._chains(plan, type_name)]
        return compound(chains, "UNION ALL") if chains else NOBODY

    def _chains(self, plan: Plan, type_name: str) -> list[_Chain]:
        if isinstance(plan, AnyOf):
            return [chain for part in plan.plans for chain in self._chains(part, type_name)]
        if isinstance(plan, AllOf):
            return self._chains(plan.plans[0], type_name)
        if isinstance(plan, Except):
            return self._chains(plan.base, type_name)
        if isinstance(plan, Via):
            return self._via(plan, type_name)
        if isinstance(plan, Fixpoint):
            closed = self._sets.closed(plan)
            if closed is not None:
                return self._chains(closed, type_name)
        found = self._sets.ids(plan, type_name)
        return [_Chain(Sql(f"({found.text}) g", found.params), Sql(""), "g.id")]

    def _via(self, plan: Via, type_name: str) -> list[_Chain]:
        short = self._sets.shortened(plan)
        if short != plan:
            return self._chains(short, type_name)
        rows = self._rows.get(type_name)
        edges = rows.leading(plan.edge[1]) if rows is not None else ()
        if rows is None or not edges:
            return [
                self._by_tuples(chain, plan, name)
                for name, target in plan.targets
                for chain in self._chains(target, name)
            ]
        return [
            chain
            for edge in edges
            if plan.target(edge.target) != NEVER
            for chain in self._by_rows(edge, rows, plan.target(edge.target))
        ]

    def _by_rows(self, edge: Edge, rows: Rows, target: Plan) -> list[_Chain]:
        if isinstance(edge, ConstantEdge):
            found = self._sets.ids(target, edge.target)
            held = Sql(f"%s IN ({found.text})", (edge.object_id, *found.params))
            return [_Chain(Sql(f"{rows.table} x"), held, f"x.{rows.id_column}")]
        chains = []
        for chain in self._chains(target, edge.target):
            link, alias = f"l{chain.size}", f"n{chain.size}"
            table, condition = came_from(edge, rows, chain.id, link, alias, of_any_type=True)
            chains.append(self._then(chain, table, condition, f"{alias}.{rows.id_column}"))
        return chains

    def _by_tuples(self, chain: _Chain, plan: Via, target_type: str) -> _Chain:
        link = self._sets.grants.link(plan.edge, target_type, chain.id, f"l{chain.size}")
        return self._then(chain, link.table, link.condition, link.source)
