"""Pages from the grant projection: the ``GrantIndex`` of a server."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from django.db import connections

from authz.clients import horizon
from authz.clients.openfga.feed import ChangeFeed
from authz.clients.openfga.kept import KeptProjections, LogState
from authz.clients.openfga.moments import Moments
from authz.clients.openfga.projection import GrantRelation, ProjectedGrants, Projection, require_grant_relation
from authz.clients.openfga.questions import MAX_CHECKS, Questions
from authz.clients.openfga.remote import Remote
from authz.clients.plans import PagePlans, Plans
from authz.clients.sql.dialect import Sql
from authz.clients.sql.predicate import VisibilitySql, listed_predicate
from authz.clients.sql.structure import Structure
from authz.dsl.model import AuthorizationModel
from authz.engine.conditions import require_context
from authz.engine.followed import Followed
from authz.engine.typesystem import kind_of, typesystem_of
from authz.errors import UnplannableRelation
from authz.types import Asker, split_object

_NO_EXPRESSION = Sql("no_expression(one) AS (SELECT 1)")
"""Lists need none; the statement that ours becomes a part of has a place for some."""


class GrantLists:
    """What an actor holds, as the server's lists, for one model and one structure."""

    def __init__(
        self,
        model: AuthorizationModel,
        remote: Remote,
        questions: Questions,
        structure: Structure,
        moments: Moments,
        kept: KeptProjections,
        feed: ChangeFeed,
        using: str,
    ) -> None:
        self._types = typesystem_of(model)
        self._remote = remote
        self._kept = kept
        self._feed = feed
        self._questions = questions
        self._moments = moments
        self._using = using
        self._structure = structure
        self._plans = Plans(
            model, structure, ProjectedGrants(self._types, connections[using].vendor), connections[using].vendor
        )

    def followed(self, asked: frozenset[tuple[str, str]] | None) -> Followed:
        """See ``GrantIndex``."""
        return self._plans.followed(asked)

    def page_plans(self, asked: frozenset[tuple[str, str]]) -> PagePlans:
        """See ``GrantIndex``."""
        found = self._plans.page(asked)
        for type_name, relations in found.grants.items():
            for relation in relations:
                require_grant_relation(self._types, (type_name, relation))
        return found

    def granted(self, asker: Asker, wanted: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """See ``GrantIndex``. A few are asked one by one, in one batch, unless their lists are here already."""
        objects = [(*split_object(name), name, relation) for name, relation in wanted]
        nodes = {(type_name, relation) for type_name, _, _, relation in objects}
        projection = self._projection(asker)
        if len(objects) <= MAX_CHECKS and not projection.knows(nodes):
            asked = [asker.check(relation, name) for _, _, name, relation in objects]
            verdicts = self._questions.batch_check(asked)
            return {(each.object, each.relation) for each, held in zip(asked, verdicts, strict=True) if held}
        projection.need(nodes)
        return {
            (name, relation)
            for type_name, object_id, name, relation in objects
            if projection.holds(type_name, object_id, relation)
        }

    def predicate(self, asker: Asker, relation: str, type_name: str, alias: str) -> VisibilitySql:
        """See ``GrantIndex``. The lists that the relation needs are asked for now."""
        try:
            found = self._plans.predicate(type_name, relation, alias)
        except UnplannableRelation:
            names = self._questions.list_with_rows(asker.list_objects(relation, type_name))
            ids = [split_object(name)[1] for name in names]
            listed = listed_predicate(self._structure.rows[type_name], alias, connections[self._using].vendor, ids)
            return VisibilitySql(_NO_EXPRESSION, listed)
        projection = self._projection(asker)
        return VisibilitySql(_NO_EXPRESSION, found.filled(projection.filled))

    def _projection(self, asker: Asker) -> Projection:
        require_context(asker.context)
        # What an open transaction has changed may be undone, so nothing that was read in it is kept.
        if connections[self._using].in_atomic_block:
            return self._new_projection(asker)
        # What is remembered is shared by the clients of all models. As JSON: to Python a true is a one.
        key = (self._remote.model_id, asker, json.dumps(asker.context, sort_keys=True) if asker.context else "")
        found = self._moments.get(key)
        if found is None:
            found = self._kept_projection(asker) if self._kept.is_used and not asker.context else None
            found = found or self._new_projection(asker)
            self._moments.keep(key, found)
        return found

    def _kept_projection(self, asker: Asker) -> Projection | None:
        """Return the projection of an earlier request, or a new one that later requests may use; None: keep nothing.

        Without a context: what holds under one ends at a time that only its conditions know.
        """
        # Both before anything is read: what comes in between makes the projection too old, never too new.
        revision = horizon.revision(self._using)
        epoch = self._feed.epoch(self._remote, self._moments.deadline())
        if epoch is None:
            return None
        key, state = (self._remote.model_id, asker), LogState(revision, epoch)
        found = self._kept.get(key, state)
        if found is None:
            found = self._new_projection(asker)
            self._kept.keep(key, found, state)
        return found

    def _new_projection(self, asker: Asker) -> Projection:
        self._types.require_user(asker.actor)
        delta = self._questions.delta(self._questions.concern(asker.actor), self._moments.deadline())
        possible = frozenset[str]().union(
            *(self._types.reaching(kind_of(each)) for each in (asker.actor, *asker.usersets))
        )

        def load(nodes: Collection[GrantRelation]) -> Mapping[GrantRelation, frozenset[str]]:
            # What nobody of this kind can ever hold needs no call.
            asked = [node for node in nodes if f"{node[0]}#{node[1]}" in possible]
            lists = (
                self._questions.object_lists(
                    asker.actor, asked, asker.memberships, delta, self._moments.deadline(), asker.context
                )
                if asked
                else []
            )
            sets = {
                node: frozenset(name.partition(":")[2] for name in names)
                for node, names in zip(asked, lists, strict=True)
            }
            return {node: sets.get(node, frozenset()) for node in nodes}

        return Projection(load)
