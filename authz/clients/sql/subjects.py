"""The common table expressions that stand at the head of every permission statement.

``subjects(subject, kind)`` is everything that stands for an actor: ``user:x``, ``user:*``, ``group:g#member``.
``holds(subject, object_type, relation)`` pairs each of them with the grants that the model lets it stand in; a tuple
that the model does not allow (any more) is in no pair and counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from authz.clients.sql.dialect import Sql, row_source, rows_of
from authz.engine.reader import wildcard_of
from authz.engine.subjects import SubjectRules
from authz.engine.typesystem import Typesystem, kind_of

TUPLES = "authz_relationshiptuple"


class SubjectsSql:
    """The expressions of one model. The model travels as parameters."""

    def __init__(self, typesystem: Typesystem, rules: SubjectRules, vendor: str) -> None:
        self._vendor = vendor
        self._rules = self._rows(
            ("kind", "object_type", "relation", "userset"),
            [[r.kind, r.type, r.relation, r.userset] for r in rules.rules],
        )
        self._grants = self._rows(
            ("kind", "object_type", "relation"),
            [[kind, *node.split("#", 1)] for node, kinds in typesystem.unconditional.items() for kind in sorted(kinds)],
        )

    def ctes(self, seeds: Iterable[str]) -> Sql:
        """Return ``name AS (...), ...``, to be put behind ``WITH RECURSIVE``; see ``seeds_of``."""
        rows = self._rows(("subject", "kind"), [[seed, kind_of(seed)] for seed in seeds])
        return Sql(
            _text(self._rules.text, rows.text, self._grants.text),
            (*self._rules.params, *rows.params, *self._grants.params),
        )

    def _rows(self, columns: tuple[str, ...], rows: Sequence[Sequence[str]]) -> Sql:
        """A planner counts plain rows. It would take any JSON for a hundred, a hundred beginnings for a thousand steps,
        and those for a reason to read all tuples there are.
        """
        return rows_of(self._vendor, columns, rows) if rows else Sql(row_source(self._vendor, columns), ("[]",))


@lru_cache(maxsize=256)
def _text(rules: str, seeds: str, grants: str) -> str:
    return (
        f"subject_rules AS MATERIALIZED ({rules}), "  # noqa: S608
        f"subject_seeds AS MATERIALIZED ({seeds}), "
        f"grant_kinds AS MATERIALIZED ({grants}), "
        "subjects(subject, kind) AS ("
        "SELECT subject, kind FROM subject_seeds"
        " UNION"
        " SELECT t.object_type || ':' || t.object_id || '#' || r.userset, t.object_type || '#' || r.userset"
        f" FROM subjects s CROSS JOIN subject_rules r CROSS JOIN {TUPLES} t"
        " WHERE r.kind = s.kind AND t.subject = s.subject AND t.object_type = r.object_type"
        " AND t.relation = r.relation AND t.condition_name = ''"
        "), "
        "holds(subject, object_type, relation) AS MATERIALIZED ("
        "SELECT s.subject, g.object_type, g.relation FROM subjects s CROSS JOIN grant_kinds g WHERE g.kind = s.kind"
        ")"
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
