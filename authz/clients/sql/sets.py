"""A plan as sets of ids: all objects that satisfy it, and the condition on a row that is made of such sets.

What it costs follows what the actor's grants lead to, and not the rows that are judged: right for counting, and for
beginning a list with what there is to see.
"""

from __future__ import annotations

from authz.clients.sql.compound import FALSE, NOBODY, compound, joined
from authz.clients.sql.dialect import Sql
from authz.clients.sql.sources import GrantSource
from authz.clients.sql.structure import ColumnEdge, ConstantEdge, Edge, JoinEdge, Rows, Structure
from authz.engine.plan import NEVER, AllOf, AnyOf, Except, Fixpoint, Grants, Plan, Via


class Sets:
    """Plans over one structure, as SELECTs of ``id``."""

    def __init__(self, structure: Structure, grants: GrantSource) -> None:
        self.structure = structure
        self.grants = grants

    def ids(self, plan: Plan, type_name: str) -> Sql:
        """Return a SELECT of the ids of all objects of ``type_name`` that satisfy ``plan``."""
        if isinstance(plan, Grants):
            return self.grants.granted(plan)
        if isinstance(plan, Via):
            return self._via(plan, type_name)
        if isinstance(plan, AnyOf):
            return compound([self.ids(part, type_name) for part in plan.plans], "UNION")
        if isinstance(plan, AllOf):
            return compound([self.ids(part, type_name) for part in plan.plans], "INTERSECT")
        if isinstance(plan, Except):
            return compound([self.ids(plan.base, type_name), self.ids(plan.subtract, type_name)], "EXCEPT")
        if isinstance(plan, Fixpoint):
            closed = self.closed(plan)
            return self._reached(plan) if closed is None else self.ids(closed, type_name)
        return NOBODY

    def condition(self, plan: Plan, rows: Rows, prefix: str, *, negative: bool = False) -> Sql:
        """Return the condition that a row satisfies ``plan``. ``prefix`` is the alias of the row and a dot.

        Behind NOT (``negative``) it is false, not null, where a column is null.
        """
        if isinstance(plan, Via) and (short := self.shortened(plan)) != plan:
            return self.condition(short, rows, prefix, negative=negative)
        if isinstance(plan, Via):
            edges = rows.leading(plan.edge[1])
            if not edges:
                return self._has_id_in(self.stored_sources(plan), rows, prefix)
            edges = tuple(edge for edge in edges if plan.target(edge.target) != NEVER)
            ways = [self._leads(plan, edge, rows, prefix, negative=negative) for edge in edges]
            return joined(ways, "OR") if ways else FALSE
        if isinstance(plan, AnyOf | AllOf):
            word = "OR" if isinstance(plan, AnyOf) else "AND"
            return joined([self.condition(part, rows, prefix, negative=negative) for part in plan.plans], word)
        if isinstance(plan, Except):
            base = self.condition(plan.base, rows, prefix, negative=negative)
            subtract = self.condition(plan.subtract, rows, prefix, negative=True)
            return Sql(f"({base.text}) AND NOT ({subtract.text})", base.params + subtract.params)
        if isinstance(plan, Grants):
            return self._has_id_in(self.grants.granted(plan), rows, prefix)
        if isinstance(plan, Fixpoint):
            closed = self.closed(plan)
            if closed is not None:
                return self.condition(closed, rows, prefix, negative=negative)
            return self._has_id_in(self._reached(plan), rows, prefix)
        return FALSE

    def closed(self, plan: Fixpoint) -> Plan | None:
        """Return a fixpoint as one step along the transitive closure of its edge, where the rows have that."""
        closure = self._closure((plan.type, plan.edge[1]), plan)
        return None if closure is None else AnyOf((plan.base, closure))

    def shortened(self, plan: Via) -> Plan:
        """Return a plan that leads to a fixpoint with the steps of that taken at once, where the rows can."""
        kept: list[tuple[str, Plan]] = []
        closures: list[Plan] = []
        for name, target in plan.targets:
            closure = self._closure(plan.edge, target)
            if closure is None:
                kept.append((name, target))
            else:
                closures.append(closure)
        if not closures:
            return plan
        if kept:
            closures.append(Via(plan.edge, tuple(kept)))
        return closures[0] if len(closures) == 1 else AnyOf(tuple(closures))

    def _closure(self, edge: tuple[str, str], target: Plan) -> Via | None:
        """Return the step to everything that ``edge``, and then a fixpoint along its kind, leads to."""
        rows = self.structure.rows.get(edge[0])
        if rows is None or not isinstance(target, Fixpoint) or target.require or target.refuse:
            return None
        there = self.structure.rows.get(target.type)
        closure = rows.closing(edge[1], target.type)
        if closure is None or there is None or there.closing(target.edge[1], target.type) is None:
            return None
        return Via((edge[0], closure), ((target.type, target.base),))

    def stored_sources(self, plan: Via) -> Sql:
        """Return the ids of the objects whose stored tuples of the edge lead to an object that satisfies the plan."""
        found = []
        for name, target in plan.targets:
            targets = self.ids(target, name)
            link = self.grants.link(plan.edge, name, "g.id", "e")
            found.append(
                Sql(
                    f"SELECT {link.source} AS id FROM ({targets.text}) g CROSS JOIN {link.table}"  # noqa: S608
                    f" WHERE {link.condition.text}",
                    targets.params + link.condition.params,
                )
            )
        return compound(found, "UNION") if found else NOBODY

    def _via(self, plan: Via, type_name: str) -> Sql:
        rows = self.structure.rows.get(type_name)
        if rows is None or not rows.leading(plan.edge[1]):
            return self.stored_sources(plan)
        condition = joined([self.condition(plan, rows, ""), Sql(rows.condition.format(row=""))], "AND")
        return Sql(f"SELECT {rows.id_column} AS id FROM {rows.table} WHERE {condition.text}", condition.params)  # noqa: S608

    def _leads(self, plan: Via, edge: Edge, rows: Rows, prefix: str, *, negative: bool) -> Sql:
        target = plan.target(edge.target)
        targets = self.ids(target, edge.target)
        if isinstance(edge, ConstantEdge):
            return Sql(f"%s IN ({targets.text})", (edge.object_id, *targets.params))
        column = prefix + edge.column
        if isinstance(edge, ColumnEdge):
            test = f"{column} IN ({targets.text})"
            if edge.condition:
                test = f"({edge.condition.format(row=prefix)}) AND {test}"
        else:
            extra = f" AND ({edge.condition.format(row='')})" if edge.condition else ""
            leads = f"{edge.destination} IN ({targets.text}){extra}"
            test = f"{column} IN (SELECT {edge.source} FROM {edge.table} WHERE {leads})"  # noqa: S608
        return Sql(f"({column} IS NOT NULL AND {test})" if negative else test, targets.params)

    def _has_id_in(self, ids: Sql, rows: Rows, prefix: str) -> Sql:
        return Sql(f"{prefix}{rows.id_column} IN ({ids.text})", ids.params)

    def _reached(self, plan: Fixpoint) -> Sql:
        """Return the ids of a fixpoint, found from its base step by step."""
        base = self.ids(plan.base, plan.type)
        steps = self._steps(plan)
        return Sql(
            "SELECT id FROM (WITH RECURSIVE reached(id) AS ("  # noqa: S608
            f"SELECT CAST(b.id AS text) FROM ({base.text}) b UNION {steps.text}) SELECT id FROM reached) f",
            base.params + steps.params,
        )

    def _steps(self, plan: Fixpoint) -> Sql:
        rows = self.structure.rows.get(plan.type)
        edges = [edge for edge in rows.leading(plan.edge[1]) if edge.target == plan.type] if rows is not None else []
        if rows is None or not edges:
            link = self.grants.link(plan.edge, plan.type, "r.id", "e")
            let_through = [
                Sql(f"{link.source} {word} ({ids.text})", ids.params)
                for parts, word in ((plan.require, "IN"), (plan.refuse, "NOT IN"))
                for ids in (self.ids(part, plan.type) for part in parts)
            ]
            condition = joined([link.condition, *let_through], "AND")
            return Sql(
                f"SELECT CAST({link.source} AS text) FROM reached r CROSS JOIN {link.table}"  # noqa: S608
                f" WHERE {condition.text}",
                condition.params,
            )
        (edge,) = edges
        table, condition = came_from(edge, rows, "r.id", "e", "x")
        tests = [condition, *self._let_through(plan, rows)]
        passed = joined(tests, "AND")
        return Sql(
            f"SELECT CAST(x.{rows.id_column} AS text) FROM reached r CROSS JOIN {table} WHERE {passed.text}",  # noqa: S608
            passed.params,
        )

    def _let_through(self, plan: Fixpoint, rows: Rows) -> list[Sql]:
        required = [self.condition(part, rows, "x.") for part in plan.require]
        refused = [self.condition(part, rows, "x.", negative=True) for part in plan.refuse]
        return [*required, *(Sql(f"NOT ({each.text})", each.params) for each in refused)]


def came_from(
    edge: Edge, rows: Rows, target: str, link: str, alias: str, *, of_any_type: bool = False
) -> tuple[str, Sql]:
    """Return tables and a condition that lead from the id ``target`` back to the rows, ``alias``, of an edge.

    ``link`` is an alias for the table between them, if there is one. A constant edge comes from every row.
    ``of_any_type`` leaves out what makes a row one of this type.
    """
    conditions = [f"({rows.condition.format(row=f'{alias}.')})"] if rows.condition and not of_any_type else []
    table = f"{rows.table} {alias}"
    if isinstance(edge, JoinEdge):
        table = f"{edge.table} {link} CROSS JOIN {table}"
        conditions += [f"{link}.{edge.destination} = {target}", f"{alias}.{edge.column} = {link}.{edge.source}"]
        if edge.condition:
            conditions.append(f"({edge.condition.format(row=f'{link}.')})")
    elif isinstance(edge, ColumnEdge):
        conditions.append(f"{alias}.{edge.column} = {target}")
        if edge.condition:
            conditions.append(f"({edge.condition.format(row=f'{alias}.')})")
    else:
        return table, Sql(" AND ".join([*conditions, f"{target} = %s"]), (edge.object_id,))
    return table, Sql(" AND ".join(conditions))
