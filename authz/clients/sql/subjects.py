"""The common table expressions that stand at the head of every permission statement.

``subjects(subject, kind)`` is everything that stands for an actor: ``user:x``, ``user:*``, ``group:g#member``.
``holds(subject, object_type, relation, condition_name)`` pairs each of them with the grants that the model lets it
stand in, and under which condition (the empty name: under none); a tuple that the model does not allow (any more) is in
no pair and counts for nothing. In a model with conditions, ``met(id)`` are the tuples whose conditions hold.

Conditions of a tuple are compared with another table's column, never with a constant: what speaks of its own table
alone makes SQLite, once it has counted its rows, read that table whole to build a filter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from authz.clients.sql.conditions import ConditionsSql
from authz.clients.sql.dialect import Sql, row_source, rows_of
from authz.engine.expiry import TimeTest
from authz.engine.reader import wildcard_of
from authz.engine.subjects import SubjectRules
from authz.engine.typesystem import Typesystem, kind_of

TUPLES = "authz_relationshiptuple"


class SubjectsSql:
    """The expressions of one model. The model travels as parameters."""

    def __init__(self, typesystem: Typesystem, rules: SubjectRules, vendor: str) -> None:
        self._vendor = vendor
        self.conditions = ConditionsSql(typesystem.model.conditions, vendor) if typesystem.model.conditions else None
        self._all = self._of_model(typesystem, rules, conditional=True)
        self._unconditional = self._of_model(typesystem, rules, conditional=False)

    def ctes(self, seeds: Iterable[str], tests: Sequence[TimeTest] = (), told: Sequence[int] | None = None) -> Sql:
        """Return ``name AS (...), ...``, to be put behind ``WITH RECURSIVE``; see ``seeds_of``.

        ``told`` are the ids of tuples whose conditions were evaluated elsewhere, and hold; ``tests`` has what the
        database can decide of others. None: tuples with conditions count for nothing.
        """
        rows = self._rows(("subject", "kind"), [[seed, kind_of(seed)] for seed in seeds])
        if self.conditions is None or told is None:
            rules, grants = self._unconditional
            return Sql(_text(rules.text, rows.text, grants.text), (*rules.params, *rows.params, *grants.params))
        rules, grants = self._all
        known, met = self.conditions.told(told), self.conditions.met("t", tests)
        head = f"{known.text}, {_text(rules.text, rows.text, grants.text, met.text)}"
        params = (*known.params, *rules.params, *rows.params, *met.params, *grants.params)
        return Sql(f"{head}, {_met(met.text)}", (*params, *met.params))

    def _of_model(self, typesystem: Typesystem, rules: SubjectRules, *, conditional: bool) -> tuple[Sql, Sql]:
        return (
            self._rows(
                ("kind", "object_type", "relation", "userset", "condition_name"),
                [
                    [rule.kind, rule.type, rule.relation, rule.userset, rule.condition]
                    for rule in rules.rules
                    if conditional or not rule.condition
                ],
            ),
            self._rows(
                ("kind", "object_type", "relation", "condition_name"),
                [
                    [kind, *node.split("#", 1), condition]
                    for node in typesystem.kinds
                    for kind, condition in typesystem.entries(node)
                    if conditional or not condition
                ],
            ),
        )

    def _rows(self, columns: tuple[str, ...], rows: Sequence[Sequence[str]]) -> Sql:
        """A planner counts plain rows. It would take any JSON for a hundred, a hundred beginnings for a thousand steps,
        and those for a reason to read all tuples there are.
        """
        return rows_of(self._vendor, columns, rows) if rows else Sql(row_source(self._vendor, columns), ("[]",))


@lru_cache(maxsize=256)
def _text(rules: str, seeds: str, grants: str, met: str = "") -> str:
    condition = f" AND (r.condition_name = '' OR {met})" if met else ""
    return (
        f"subject_rules AS MATERIALIZED ({rules}), "  # noqa: S608
        f"subject_seeds AS MATERIALIZED ({seeds}), "
        "subjects(subject, kind) AS ("
        "SELECT subject, kind FROM subject_seeds"
        " UNION"
        " SELECT t.object_type || ':' || t.object_id || '#' || r.userset, t.object_type || '#' || r.userset"
        f" FROM subjects s CROSS JOIN subject_rules r CROSS JOIN {TUPLES} t"
        " WHERE r.kind = s.kind AND t.subject = s.subject AND t.object_type = r.object_type"
        f" AND t.relation = r.relation AND t.condition_name = r.condition_name{condition}"
        "), "
        f"grant_kinds AS MATERIALIZED ({grants}), "
        "holds(subject, object_type, relation, condition_name) AS MATERIALIZED ("
        "SELECT s.subject, g.object_type, g.relation, g.condition_name"
        " FROM subjects s CROSS JOIN grant_kinds g WHERE g.kind = s.kind"
        ")"
    )


def _met(met: str) -> str:
    """Return the expression of all tuples that grant something under a condition that holds, each evaluated once."""
    return (
        f"met(id) AS MATERIALIZED (SELECT t.id FROM holds h CROSS JOIN {TUPLES} t WHERE h.condition_name > ''"  # noqa: S608
        " AND t.subject = h.subject AND t.object_type = h.object_type AND t.relation = h.relation"
        f" AND t.condition_name = h.condition_name AND ({met}))"
    )


def seeds_of(rules: SubjectRules, actor: str, usersets: Sequence[str] = ()) -> list[str]:
    """Return what stands for ``actor`` without looking at tuples: itself, its wildcard, and ``usersets`` with all
    that the model says of them.
    """
    seeds = dict.fromkeys(rules.closure(actor) if "#" in actor else [actor])
    wildcard = wildcard_of(actor)
    if wildcard is not None:
        seeds[wildcard] = None
    for userset in usersets:
        seeds.update(dict.fromkeys(rules.closure(userset)))
    return list(seeds)
