"""What an actor holds, from the tuple table: sub-queries for lists, one statement for a page.

The grants of a remote engine are ``authz.clients.openfga.projection``.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import connections

from authz.clients.memberships import DatabaseMemberships
from authz.clients.plans import Plans, by_type
from authz.clients.sql.dialect import Sql, placeholders, row_source, rows_parameter
from authz.clients.sql.predicate import Predicate, VisibilitySql, listed_predicate
from authz.clients.sql.sources import Link
from authz.clients.sql.structure import Structure
from authz.clients.sql.subjects import TUPLES
from authz.dsl.model import AuthorizationModel
from authz.engine.list_objects import list_objects
from authz.engine.plan import Edge, Grants, grants_of
from authz.engine.reader import TupleReader
from authz.errors import ConditionFailed, UnplannableRelation
from authz.types import Asker, ListObjectsRequest, split_object


class TableGrants:
    """A ``GrantSource`` over the tuple table and the expressions of ``authz.clients.sql.subjects``.

    ``conditional``: the model has conditions, and tuples that carry one count if it is ``met``.
    """

    def __init__(self, *, conditional: bool) -> None:
        self._met = " AND (h.condition_name = '' OR t.id IN (SELECT id FROM met))" if conditional else ""

    def granted(self, plan: Grants) -> Sql:
        """See ``GrantSource``. Found from the subjects that stand for the actor."""
        relations = sorted(plan.relations)
        return Sql(
            f"SELECT t.object_id AS id FROM holds h CROSS JOIN {TUPLES} t"  # noqa: S608
            f" WHERE h.object_type = %s AND h.relation IN ({placeholders(relations)})"
            " AND t.subject = h.subject AND t.object_type = h.object_type AND t.relation = h.relation"
            f" AND t.condition_name = h.condition_name{self._met}",
            (plan.type, *relations),
        )

    def link(self, edge: Edge, target_type: str, target: str, alias: str) -> Link:
        """See ``GrantSource``."""
        return Link(
            f"{TUPLES} {alias}",
            Sql(
                f"{alias}.subject = %s || {target} AND {alias}.object_type = %s AND {alias}.relation = %s"
                f" AND {alias}.condition_name = ''",
                (f"{target_type}:", *edge),
            ),
            f"{alias}.object_id",
        )


class StoredGrants:
    """Plans, predicates and grants of one model over one structure, for the life of the client."""

    def __init__(
        self,
        model: AuthorizationModel,
        reader: TupleReader,
        memberships: DatabaseMemberships,
        structure: Structure,
        using: str,
    ) -> None:
        """``reader`` has the stored tuples and the edges of the tree, for what the engine has to list."""
        self._model = model
        self._reader = reader
        self._memberships = memberships
        self._structure = structure
        self._using = using
        self.plans = Plans(model, structure, TableGrants(conditional=bool(model.conditions)), connections[using].vendor)

    def predicate(self, asker: Asker, relation: str, type_name: str, alias: str) -> VisibilitySql:
        """Return the SQL that is true for the rows of ``type_name``, under ``alias``, where ``asker`` has ``relation``.

        No statement is run beyond those of ``DatabaseMemberships.standing``, unless the relation cannot be split, or
        hangs on a condition that cannot be evaluated: then the engine lists its objects. Raises ConditionFailed where
        it cannot, and ResolutionTooComplex for a longer list than it can hold (``authz.clients.row_tuples.MAX_ROWS``).
        """
        standing = self._memberships.standing(asker)
        try:
            if standing.is_sure_of(by_type(grants_of(self.plans.plan(type_name, relation)))):
                return VisibilitySql(standing.ctes, self.plans.predicate(type_name, relation, alias))
        except UnplannableRelation:
            pass
        return VisibilitySql(standing.ctes, self._listed(asker.list_objects(relation, type_name), alias))

    def _listed(self, request: ListObjectsRequest, alias: str) -> Predicate:
        names = list_objects(self._model, self._reader, request)
        ids = [split_object(name)[1] for name in names]
        return listed_predicate(self._structure.rows[request.type], alias, connections[self._using].vendor, ids)

    def granted(self, asker: Asker, wanted: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those ``(object, relation)`` of ``wanted`` that a tuple grants to the asker or a group of theirs.

        Direct grants only, in one statement for any number, beyond those of ``DatabaseMemberships.standing``. Each
        object must have the relation in the model. Raises ConditionFailed where a condition cannot be evaluated, though
        it may not matter in the end: the engine knows.
        """
        if not wanted:
            return set()
        standing = self._memberships.standing(asker)
        if not standing.failed.isdisjoint(wanted) or not standing.is_sure_of({}):
            raise ConditionFailed("a grant on the page hangs on a condition that cannot be evaluated")
        met = Sql("")
        if self._memberships.conditions is not None:
            test = self._memberships.conditions.met("t", standing.tests)
            met = Sql(f" AND (h.condition_name = '' OR {test.text})", test.params)
        source = row_source(connections[self._using].vendor, ["object_type", "object_id", "relation"])
        text = (
            f"WITH RECURSIVE {standing.ctes.text}"  # noqa: S608
            " SELECT DISTINCT t.object_type || ':' || t.object_id, t.relation"
            f" FROM ({source}) q CROSS JOIN {TUPLES} t CROSS JOIN holds h"
            " WHERE t.object_type = q.object_type AND t.object_id = q.object_id AND t.relation = q.relation"
            " AND h.subject = t.subject AND h.object_type = t.object_type AND h.relation = t.relation"
            f" AND h.condition_name = t.condition_name{met.text}"
        )
        rows = [[*split_object(name), relation] for name, relation in wanted]
        with connections[self._using].cursor() as cursor:
            cursor.execute(text, [*standing.ctes.params, rows_parameter(rows), *met.params])
            return set(cursor.fetchall())
