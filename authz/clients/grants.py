"""Grants from the tuples, structure from the rows: lists and pages without a question per object.

The split itself is ``authz.engine.plan``; here it meets the database. A client that gets its grants from elsewhere
answers with the same ``VisibilitySql``, whose expression ``subjects`` it then leaves out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connections

from authz.clients.memberships import DatabaseMemberships
from authz.clients.sql.dialect import row_source, rows_parameter
from authz.clients.sql.predicate import Predicate, VisibilitySql, compile_predicate
from authz.clients.sql.structure import Structure
from authz.clients.sql.subjects import TUPLES
from authz.dsl.model import AuthorizationModel
from authz.engine.plan import Plan, PlanCompiler, edges_of, grants_of
from authz.errors import UnplannableRelation
from authz.types import split_object


@dataclass(frozen=True, slots=True)
class PagePlans:
    """The plans of the flags that a page shows, and what they read.

    ``grants`` has the grant relations to look up, ``tuplesets`` the edges that objects have, both by type.
    """

    plans: Mapping[tuple[str, str], Plan]
    grants: Mapping[str, frozenset[str]]
    tuplesets: Mapping[str, tuple[str, ...]]


class Grants:
    """Plans, predicates and grants of one model over one structure. Compiled once, kept for the life of the client."""

    def __init__(
        self, model: AuthorizationModel, memberships: DatabaseMemberships, structure: Structure, using: str
    ) -> None:
        self._memberships = memberships
        self._structure = structure
        self._using = using
        self._edges = structure.edges()
        self._plans = PlanCompiler(model, self._edges)
        self._predicates: dict[tuple[str, str, str], Predicate] = {}
        self._page_plans: dict[frozenset[tuple[str, str]], PagePlans] = {}

    def plan(self, type_name: str, relation: str) -> Plan:
        """Return the plan of a relation; raises UnknownType, UnknownRelation, UnplannableRelation."""
        return self._plans.relation(type_name, relation)

    def page_plans(self, asked: frozenset[tuple[str, str]]) -> PagePlans:
        """Return the plans of several ``(type, relation)`` together.

        Raises UnplannableRelation when one of them follows edges that are stored as tuples.
        """
        found = self._page_plans.get(asked)
        if found is None:
            found = self._page_plans[asked] = self._plan_page(asked)
        return found

    def _plan_page(self, asked: frozenset[tuple[str, str]]) -> PagePlans:
        plans = {(type_name, relation): self.plan(type_name, relation) for type_name, relation in asked}
        for (type_name, relation), plan in plans.items():
            if not edges_of(plan) <= self._edges:
                raise UnplannableRelation(f"{type_name}#{relation} follows stored tuples")
        read = frozenset(grant for plan in plans.values() for grant in grants_of(plan))
        return PagePlans(plans, _by_type(read), {name: tuple(sorted(of)) for name, of in _by_type(self._edges).items()})

    def predicate(
        self, actor: str, relation: str, type_name: str, alias: str, usersets: Sequence[str]
    ) -> VisibilitySql:
        """Return the SQL that is true for the rows of ``type_name``, under ``alias``, where ``actor`` has ``relation``.

        ``usersets`` are memberships for this question only (``share_link:l1#bearer``). No statement is run, unless the
        model has groups that a query cannot follow (``and``, ``but not``): then one list per such relation.
        """
        key = (type_name, relation, alias)
        found = self._predicates.get(key)
        if found is None:
            plan = self.plan(type_name, relation)
            found = compile_predicate(plan, self._structure, type_name, alias)
            self._predicates[key] = found
        ctes = self._memberships.subjects(actor, usersets)
        return VisibilitySql(
            ctes=ctes.text,
            cte_params=ctes.params,
            where=found.where.text,
            where_params=found.where.params,
            scan_where=found.scan.text,
            scan_params=found.scan.params,
            candidates=found.candidates.text,
            candidate_params=found.candidates.params,
        )

    def granted(self, actor: str, wanted: Collection[tuple[str, str]], usersets: Sequence[str]) -> set[tuple[str, str]]:
        """Return those ``(object, relation)`` of ``wanted`` that a tuple grants to the actor or a group of theirs.

        Direct grants only, in one statement for any number. Each object must have the relation in the model.
        """
        if not wanted:
            return set()
        ctes = self._memberships.subjects(actor, usersets)
        source = row_source(connections[self._using].vendor, ["object_type", "object_id", "relation"])
        text = (
            f"WITH RECURSIVE {ctes.text}"  # noqa: S608
            " SELECT DISTINCT t.object_type || ':' || t.object_id, t.relation"
            f" FROM ({source}) q CROSS JOIN {TUPLES} t CROSS JOIN holds h"
            " WHERE t.object_type = q.object_type AND t.object_id = q.object_id AND t.relation = q.relation"
            " AND h.subject = t.subject AND h.object_type = t.object_type AND h.relation = t.relation"
            " AND t.condition_name = ''"
        )
        rows = [[*split_object(name), relation] for name, relation in wanted]
        with connections[self._using].cursor() as cursor:
            cursor.execute(text, [*ctes.params, rows_parameter(rows)])
            return set(cursor.fetchall())


def _by_type(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for type_name, relation in pairs:
        found.setdefault(type_name, set()).add(relation)
    return {type_name: frozenset(relations) for type_name, relations in found.items()}
