"""What an actor holds, from the tuple table: sub-queries for lists, one statement for a page.

The grants of a remote engine are ``authz.clients.openfga.projection``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import connections

from authz.clients.memberships import DatabaseMemberships, memberships_told
from authz.clients.plans import Plans
from authz.clients.sql.dialect import Sql, placeholders, row_source, rows_parameter
from authz.clients.sql.predicate import Predicate, VisibilitySql, listed_predicate
from authz.clients.sql.sources import Link
from authz.clients.sql.structure import Structure
from authz.clients.sql.subjects import TUPLES
from authz.dsl.model import AuthorizationModel
from authz.engine.list_objects import list_objects
from authz.engine.plan import Edge, Grants
from authz.engine.reader import TupleReader
from authz.errors import UnplannableRelation
from authz.types import ListObjectsRequest, split_object


class TableGrants:
    """A ``GrantSource`` over the tuple table and the expression ``holds`` of ``authz.clients.sql.subjects``."""

    def granted(self, plan: Grants) -> Sql:
        """See ``GrantSource``. Found from the subjects that stand for the actor."""
        relations = sorted(plan.relations)
        return Sql(
            f"SELECT t.object_id AS id FROM holds h CROSS JOIN {TUPLES} t"  # noqa: S608
            f" WHERE h.object_type = %s AND h.relation IN ({placeholders(relations)})"
            " AND t.subject = h.subject AND t.object_type = h.object_type AND t.relation = h.relation"
            " AND t.condition_name = h.condition_name",
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
        self.plans = Plans(model, structure, TableGrants())

    def predicate(
        self, actor: str, relation: str, type_name: str, alias: str, usersets: Sequence[str]
    ) -> VisibilitySql:
        """Return the SQL that is true for the rows of ``type_name``, under ``alias``, where ``actor`` has ``relation``.

        ``usersets`` are memberships for this question only (``share_link:l1#bearer``). No statement is run, unless the
        model has groups that a query cannot follow (``and``, ``but not``): then one list per such relation; or a
        relation that cannot be split: then the engine lists its objects. Raises ResolutionTooComplex for a longer list
        than it can hold.
        """
        try:
            found = self.plans.predicate(type_name, relation, alias)
        except UnplannableRelation:
            found = self._listed(actor, relation, type_name, alias, usersets)
        return VisibilitySql(self._memberships.subjects(actor, usersets), found)

    def _listed(self, actor: str, relation: str, type_name: str, alias: str, usersets: Sequence[str]) -> Predicate:
        contextual = memberships_told(actor, usersets)
        names = list_objects(self._model, self._reader, ListObjectsRequest(actor, relation, type_name, contextual))
        ids = [split_object(name)[1] for name in names]
        return listed_predicate(self._structure.rows[type_name], alias, connections[self._using].vendor, ids)

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
            " AND h.condition_name = t.condition_name"
        )
        rows = [[*split_object(name), relation] for name, relation in wanted]
        with connections[self._using].cursor() as cursor:
            cursor.execute(text, [*ctes.params, rows_parameter(rows)])
            return set(cursor.fetchall())
