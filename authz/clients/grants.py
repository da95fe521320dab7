"""Grants from the tuples, structure from the rows: lists and pages without a question per object.

The split itself is ``authz.engine.plan``; here it meets the database. A client that gets its grants from elsewhere
answers with the same ``VisibilitySql``, whose expression ``subjects`` it then leaves out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connections

from authz.clients.sql.dialect import Sql, row_source, rows_parameter
from authz.clients.sql.predicate import Predicate, VisibilitySql, compile_predicate
from authz.clients.sql.structure import Structure
from authz.clients.sql.subjects import TUPLES, SubjectsSql, seeds_of
from authz.dsl.model import AuthorizationModel
from authz.engine.list_objects import list_objects
from authz.engine.plan import Plan, PlanCompiler, edges_of, grants_of
from authz.engine.reader import TupleReader
from authz.engine.subjects import compile_subjects, followable_nodes
from authz.engine.typesystem import typesystem_of
from authz.errors import UnplannableRelation
from authz.types import ListObjectsRequest, TupleKey, split_object


@dataclass(frozen=True, slots=True)
class PagePlans:
    """The plans of the flags that a page shows, and what they read.

    ``grants`` has the grant relations to look up, ``tuplesets`` the edges that objects have, both by type.
    """

    plans: Mapping[tuple[str, str], Plan]
    grants: Mapping[str, frozenset[str]]
    tuplesets: Mapping[str, tuple[str, ...]]


class Grants:
    """Plans, predicates and grants of one model over one structure. Compiled once, kept for the life of the client.

    Also the ``Memberships`` of that model: ``nodes``, ``relations`` and ``of``.
    """

    def __init__(self, model: AuthorizationModel, reader: TupleReader, structure: Structure, using: str) -> None:
        self._model = model
        self._reader = reader
        self._structure = structure
        self._using = using
        self._types = typesystem_of(model)
        self._edges = structure.edges()
        self._rules = compile_subjects(self._types, self._edges)
        self._subjects_sql = SubjectsSql(self._types, self._rules, connections[using].vendor)
        self.nodes = followable_nodes(self._types, self._rules)
        self.relations = frozenset(f"{rule.type}#{rule.relation}" for rule in self._rules.rules)
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
        ctes = self._subjects(actor, usersets)
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
        ctes = self._subjects(actor, usersets)
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

    def of(self, user: str) -> frozenset[str]:
        """Return every userset that ``user`` is in, by rules alone; see ``Memberships``."""
        ctes = self._subjects_sql.ctes(seeds_of(self._rules, user))
        with connections[self._using].cursor() as cursor:
            cursor.execute(f"WITH RECURSIVE {ctes.text} SELECT subject FROM subjects", ctes.params)  # noqa: S608
            return frozenset(subject for (subject,) in cursor.fetchall())

    def _subjects(self, actor: str, usersets: Sequence[str]) -> Sql:
        self._types.require_user(actor)
        contextual = tuple(TupleKey(actor, name.partition("#")[2], name.partition("#")[0]) for name in usersets)
        for key in contextual:
            self._types.require_tuple(key)
        seeds = seeds_of(self._rules, actor, usersets)
        for node in self._rules.listed:
            type_name, _, relation = node.partition("#")
            request = ListObjectsRequest(actor, relation, type_name, contextual)
            seeds += [f"{name}#{relation}" for name in list_objects(self._model, self._reader, request)]
        return self._subjects_sql.ctes(seeds)


def _by_type(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for type_name, relation in pairs:
        found.setdefault(type_name, set()).add(relation)
    return {type_name: frozenset(relations) for type_name, relations in found.items()}
