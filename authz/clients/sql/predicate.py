"""A plan as SQL over the rows of a table, in three forms: for a page, for a count, and for where to begin.

Where the grants come from is a ``GrantSource``: sub-queries of the tuple table, or lists that a remote engine has told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from authz.clients.sql.candidates import Candidates
from authz.clients.sql.dialect import Sql, row_source, rows_parameter
from authz.clients.sql.following import Following
from authz.clients.sql.nesting import require_shallow
from authz.clients.sql.sets import Sets
from authz.clients.sql.sources import GrantSource
from authz.clients.sql.structure import Rows, Structure
from authz.engine.plan import Plan


@dataclass(frozen=True, slots=True)
class Predicate:
    """One plan for the rows of a type, under an alias; parameters are in the order of each text.

    ``of_row`` and ``of_all`` are conditions in brackets that say the same. The first follows the edges of the row it
    judges, so that its cost is that of the rows looked at: for a page. The second looks the row up in sets of all that
    there is to see: for a count. ``of_all`` may be null for no. ``candidates`` is a SELECT of the ids of all rows that
    satisfy the plan and of some that do not, some twice, for a bounded look at how many there may be.
    """

    of_row: Sql
    of_all: Sql
    candidates: Sql

    def filled(self, change: Callable[[Sql], Sql]) -> Predicate:
        """Return the same with each form changed."""
        return Predicate(change(self.of_row), change(self.of_all), change(self.candidates))


@dataclass(frozen=True, slots=True)
class VisibilitySql:
    """What a list statement needs: ``WITH RECURSIVE {ctes} SELECT ... FROM rows alias WHERE {predicate}``.

    ``ctes`` is the same for every predicate of one actor.
    """

    ctes: Sql
    predicate: Predicate


def compile_predicate(
    plan: Plan, structure: Structure, grants: GrantSource, vendor: str, type_name: str, alias: str
) -> Predicate:
    """Return the SQL of ``plan`` for the rows of ``type_name``, which stand under ``alias``.

    Raises UnplannableRelation for what SQL cannot say, or not without being nested too deeply.
    """
    sets = Sets(structure, grants)
    rows = structure.rows[type_name]
    found = Predicate(
        _bracketed(Following(sets).condition(plan, rows, alias)),
        _bracketed(sets.condition(plan, rows, f"{alias}.")),
        Candidates(sets, vendor).select(plan, type_name),
    )
    for part in (found.of_row, found.of_all, found.candidates):
        require_shallow(part)
    return found


def listed_predicate(rows: Rows, alias: str, vendor: str, ids: Sequence[str]) -> Predicate:
    """Return the SQL that is true for the rows whose ids the engine has listed, however many they are."""
    found = Sql(row_source(vendor, ["id"]), (rows_parameter([[each] for each in ids]),))
    condition = Sql(f"({alias}.{rows.id_column} IN ({found.text}))", found.params)
    return Predicate(condition, condition, found)


def _bracketed(condition: Sql) -> Sql:
    return Sql(f"({condition.text})", condition.params)
