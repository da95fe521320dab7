"""The common table expressions that stand at the head of every permission statement.

``subjects(subject, kind)`` is everything that stands for an actor: ``user:x``, ``user:*``, ``group:g#member``.
``holds(subject, object_type, relation)`` pairs each of them with the grants that the model lets it stand in; a tuple
that the model does not allow (any more) is in no pair and counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from authz.clients.sql.dialect import Sql, row_source, rows_parameter
from authz.engine.reader import wildcard_of
from authz.engine.subjects import SubjectRules
from authz.engine.typesystem import Typesystem, kind_of

TUPLES = "authz_relationshiptuple"


class SubjectsSql:
    """The expressions of one model. Their text depends on the database alone; the model travels as parameters."""

    def __init__(self, typesystem: Typesystem, rules: SubjectRules, vendor: str) -> None:
        self._rules = rules
        self._text = _text(vendor)
        self._rule_rows = rows_parameter([[r.kind, r.type, r.relation, r.userset] for r in rules.rules])
        self._grant_rows = rows_parameter(
            [[kind, *node.split("#", 1)] for node, kinds in typesystem.kinds.items() for kind in sorted(kinds)]
        )

    def ctes(self, seeds: Iterable[str]) -> Sql:
        """Return ``name AS (...), ...``, to be put behind ``WITH RECURSIVE``; see ``seeds_of``."""
        seed_rows = rows_parameter([[seed, kind_of(seed)] for seed in seeds])
        return Sql(self._text, (self._rule_rows, seed_rows, self._grant_rows))


def _text(vendor: str) -> str:
    rules = row_source(vendor, ["kind", "object_type", "relation", "userset"])
    seeds = row_source(vendor, ["subject", "kind"])
    grants = row_source(vendor, ["kind", "object_type", "relation"])
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
