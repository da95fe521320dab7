"""Statements over the items or drives that an actor has a permission on.

Two shapes. *Dense*: walk the rows in their order and judge each; right within a folder, where whoever sees the folder
sees nearly everything. *Sparse*: over all files of an installation, where most people see little, begin with what the
grants of the actor lead to, and walk the order only if that is more than ``PROBE`` rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from authz.services.visibility import Sql
from authz.types import Actor
from storage.models import NodeKind
from storage.permissions import Permission, predicate
from storage.selectors import dialect
from storage.selectors.filters import Condition

PROBE = 2000
"""Rows that grants may lead to before a list is walked in its order instead."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A whole SQL statement and its parameters."""

    text: str
    params: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class VisibleItems:
    """The rows ``n`` of ``table`` on which one actor has one permission.

    ``where`` judges a row by what lies above it, for pages; ``where_counted`` by sets of all there is to see, for
    counts and other looks at many rows.
    """

    table: str
    ctes: Condition
    where: Condition
    where_counted: Condition
    candidates: Condition

    @classmethod
    def any(cls, actor: Actor, permission: Permission) -> VisibleItems:
        """Folders and files."""
        folder = predicate(actor, permission, NodeKind.FOLDER, "n")
        file = predicate(actor, permission, NodeKind.FILE, "n")

        def by_kind(files: Sql, folders: Sql) -> Condition:
            text = f"(CASE n.kind WHEN 'file' THEN {files.text} ELSE {folders.text} END)"
            return text, (*files.params, *folders.params)

        return cls(
            "storage_item",
            _condition(file.ctes),
            by_kind(file.predicate.of_row, folder.predicate.of_row),
            by_kind(file.predicate.of_all, folder.predicate.of_all),
            ("", ()),
        )

    @classmethod
    def files(cls, actor: Actor, permission: Permission) -> VisibleItems:
        """Files alone."""
        return cls._of_kind("storage_item", actor, permission, NodeKind.FILE)

    @classmethod
    def drives(cls, actor: Actor, permission: Permission) -> VisibleItems:
        """Drives."""
        return cls._of_kind("storage_drive", actor, permission, NodeKind.DRIVE)

    @classmethod
    def _of_kind(cls, table: str, actor: Actor, permission: Permission, kind: NodeKind) -> VisibleItems:
        found = predicate(actor, permission, kind, "n")
        return cls(
            table,
            _condition(found.ctes),
            _judged(found.predicate.of_row),
            _judged(found.predicate.of_all),
            _condition(found.predicate.candidates),
        )

    def with_expression(self, text: str, params: Sequence[object]) -> VisibleItems:
        """Return the same with one more common table expression for the conditions to use."""
        ctes, cte_params = self.ctes
        return replace(self, ctes=(f"{ctes}, {text}", (*cte_params, *params)))

    def select(self, columns: str, conditions: Sequence[Condition], order_by: str, limit: int) -> Statement:
        """Return the dense statement of a page."""
        text, params = _all([*conditions, self.where])
        rows = f"SELECT {columns} FROM {self.table} n WHERE {text} ORDER BY {order_by} LIMIT {limit}"  # noqa: S608
        return self._with(rows, params)

    def count(self, conditions: Sequence[Condition]) -> Statement:
        """Return the dense statement of a count."""
        text, params = _all([*conditions, self.where_counted])
        return self._with(f"SELECT count(*) FROM {self.table} n WHERE {text}", params)  # noqa: S608

    def exists_otherwise(self, conditions: Sequence[Condition]) -> Statement:
        """Return a statement that yields 1 if the actor lacks the permission on some row that meets the conditions."""
        text, params = _all(conditions)
        where, where_params = self.where_counted
        sql = f"SELECT 1 FROM {self.table} n WHERE {text} AND NOT {where} LIMIT 1"  # noqa: S608
        return self._with(sql, (*params, *where_params))

    def select_sparse(self, columns: str, conditions: Sequence[Condition], order_by: str, limit: int) -> Statement:
        """Return the sparse statement of a page.

        Two ways to the same rows, of which a LIMIT of 0 closes one before it reads anything. Only ids are sorted;
        columns are fetched for the rows of the page alone.
        """
        text, params = _all([*conditions, self.where])
        ways = [
            ("few", f"{_CANDIDATES} {dialect.looked_up(self.table)}", f"n.id = k.id AND {text}", _few()),
            ("many", f"{self.table} n", text, f"NOT {_few()}"),
        ]
        # Expressions, and not sub-queries, because SQLite takes no more than so many of these within each other.
        expressions = ", ".join(
            f"{name}(id) AS (SELECT n.id FROM {source} WHERE {condition} ORDER BY {order_by}"  # noqa: S608
            f" LIMIT (SELECT CASE WHEN {test} THEN {limit} ELSE 0 END))"
            for name, source, condition, test in ways
        )
        # There are no more anyway; but PostgreSQL, which cannot know what the other limits come to, has to be told.
        ids = f"SELECT id FROM (SELECT id FROM few UNION ALL SELECT id FROM many) AS ways LIMIT {limit}"  # noqa: S608
        rows = f"SELECT {columns} FROM ({ids}) p CROSS JOIN {self.table} n WHERE n.id = p.id ORDER BY {order_by}"  # noqa: S608
        return self._with(rows, (), sparse=True, expressions=expressions, expression_params=(*params, *params))

    def count_sparse(self, conditions: Sequence[Condition]) -> Statement:
        """Return the sparse statement of a count."""
        few, few_params = _all([*conditions, self.where])
        many, many_params = _all([*conditions, self.where_counted])
        counts = (
            f"SELECT CASE WHEN {_few()}"  # noqa: S608
            f" THEN (SELECT count(*) FROM {_CANDIDATES} {dialect.looked_up(self.table)} WHERE n.id = k.id AND {few})"
            f" ELSE (SELECT count(*) FROM {self.table} n WHERE {many}) END"
        )
        return self._with(counts, (*few_params, *many_params), sparse=True)

    def _with(
        self,
        sql: str,
        params: Sequence[object],
        *,
        sparse: bool = False,
        expressions: str = "",
        expression_params: Sequence[object] = (),
    ) -> Statement:
        ctes, cte_params = self.ctes
        if sparse:
            text, candidate_params = self.candidates
            ctes += f", candidates(id) AS MATERIALIZED (SELECT * FROM ({text}) c LIMIT {PROBE + 1})"  # noqa: S608
            cte_params = (*cte_params, *candidate_params)
        if expressions:
            ctes, cte_params = f"{ctes}, {expressions}", (*cte_params, *expression_params)
        return Statement(f"WITH RECURSIVE {ctes} {sql}", (*cte_params, *params))


def _condition(sql: Sql) -> Condition:
    return sql.text, sql.params


def _judged(sql: Sql) -> Condition:
    # CASE keeps the planner from entering the rows by a part of the permission: the order of the list decides.
    return f"(CASE WHEN {sql.text} THEN TRUE ELSE FALSE END)", sql.params


_CANDIDATES = "(SELECT DISTINCT id FROM candidates) k"


def _few() -> str:
    return f"((SELECT count(*) FROM candidates) <= {PROBE})"  # noqa: S608


def _all(conditions: Sequence[Condition]) -> Condition:
    return " AND ".join(text for text, _ in conditions), tuple(value for _, params in conditions for value in params)
