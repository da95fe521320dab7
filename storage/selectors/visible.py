"""Statements over the items or drives that an actor has a permission on.

Two shapes. *Dense*: walk the rows in their order and judge each; right within a folder, where whoever sees the folder
sees nearly everything. *Sparse*: over all files of an installation, where most people see little, begin with what the
grants of the actor lead to, and walk the order only if that is more than ``PROBE`` rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from authz.types import Actor
from storage.models import NodeKind
from storage.permissions import Permission, predicate
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
    """The rows ``n`` of ``table`` on which one actor has one permission."""

    table: str
    ctes: Condition
    where: Condition
    candidates: Condition

    @classmethod
    def any(cls, actor: Actor, permission: Permission) -> VisibleItems:
        """Folders and files."""
        folder = predicate(actor, permission, NodeKind.FOLDER, "n")
        file = predicate(actor, permission, NodeKind.FILE, "n")
        text = f"(CASE n.kind WHEN 'file' THEN {file.where} ELSE {folder.where} END)"
        where = (text, (*file.where_params, *folder.where_params))
        return cls("storage_item", (file.ctes, file.cte_params), where, ("", ()))

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
        # CASE keeps the planner from entering the rows by a part of the permission: the order of the list decides.
        where = (f"(CASE WHEN {found.where} THEN TRUE ELSE FALSE END)", found.where_params)
        return cls(table, (found.ctes, found.cte_params), where, (found.candidates, found.candidate_params))

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
        text, params = _all([*conditions, self.where])
        return self._with(f"SELECT count(*) FROM {self.table} n WHERE {text}", params)  # noqa: S608

    def exists_otherwise(self, conditions: Sequence[Condition]) -> Statement:
        """Return a statement that yields 1 if the actor lacks the permission on some row that meets the conditions."""
        text, params = _all(conditions)
        where, where_params = self.where
        sql = f"SELECT 1 FROM {self.table} n WHERE {text} AND NOT {where} LIMIT 1"  # noqa: S608
        return self._with(sql, (*params, *where_params))

    def select_sparse(self, columns: str, conditions: Sequence[Condition], order_by: str, limit: int) -> Statement:
        """Return the sparse statement of a page.

        Two ways to the same rows, of which a LIMIT of 0 closes one before it reads anything. Only ids are sorted;
        columns are fetched for the rows of the page alone.
        """
        text, params = _all([*conditions, self.where])
        ways = [
            (f"{_CANDIDATES} CROSS JOIN {self.table} n", f"n.id = k.id AND {text}", _few()),
            (f"{self.table} n", text, f"NOT {_few()}"),
        ]
        ids = " UNION ALL ".join(
            f"SELECT id FROM (SELECT n.id AS id FROM {source} WHERE {condition} ORDER BY {order_by}"  # noqa: S608
            f" LIMIT (SELECT CASE WHEN {test} THEN {limit} ELSE 0 END)) AS way"
            for source, condition, test in ways
        )
        # There are no more anyway; but PostgreSQL, which cannot know what the other limits come to, has to be told.
        ids = f"SELECT id FROM ({ids}) AS ways LIMIT {limit}"  # noqa: S608
        rows = f"SELECT {columns} FROM ({ids}) p CROSS JOIN {self.table} n WHERE n.id = p.id ORDER BY {order_by}"  # noqa: S608
        return self._with(rows, (*params, *params), sparse=True)

    def count_sparse(self, conditions: Sequence[Condition]) -> Statement:
        """Return the sparse statement of a count."""
        text, params = _all([*conditions, self.where])
        counts = (
            f"SELECT CASE WHEN {_few()}"  # noqa: S608
            f" THEN (SELECT count(*) FROM {_CANDIDATES} CROSS JOIN {self.table} n WHERE n.id = k.id AND {text})"
            f" ELSE (SELECT count(*) FROM {self.table} n WHERE {text}) END"
        )
        return self._with(counts, (*params, *params), sparse=True)

    def _with(self, sql: str, params: Sequence[object], *, sparse: bool = False) -> Statement:
        ctes, cte_params = self.ctes
        if sparse:
            text, candidate_params = self.candidates
            ctes += f", candidates(id) AS MATERIALIZED (SELECT * FROM ({text}) c LIMIT {PROBE + 1})"  # noqa: S608
            cte_params = (*cte_params, *candidate_params)
        return Statement(f"WITH RECURSIVE {ctes} {sql}", (*cte_params, *params))


_CANDIDATES = "(SELECT DISTINCT id FROM candidates) k"


def _few() -> str:
    return f"((SELECT count(*) FROM candidates) <= {PROBE})"  # noqa: S608


def _all(conditions: Sequence[Condition]) -> Condition:
    return " AND ".join(text for text, _ in conditions), tuple(value for _, params in conditions for value in params)
