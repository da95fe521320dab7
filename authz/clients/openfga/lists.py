"""Pages from the grant projection: the ``GrantIndex`` of a server."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import connections

from authz.clients import horizon
from authz.clients.base import NO_CONTEXT
from authz.clients.memberships import memberships_told
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
from authz.engine.followed import Followed
from authz.engine.typesystem import kind_of, typesystem_of
from authz.errors import UnplannableRelation
from authz.types import CheckRequest, ListObjectsRequest, split_object

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

    def granted(
        self,
        actor: str,
        wanted: Collection[tuple[str, str]],
        usersets: Sequence[str] = (),
        context: Mapping[str, Any] = NO_CONTEXT,
    ) -> set[tuple[str, str]]:
        """See ``GrantIndex``. A few are asked one by one, in one batch, unless their lists are here already."""
        objects = [(*split_object(name), name, relation) for name, relation in wanted]
        nodes = {(type_name, relation) for type_name, _, _, relation in objects}
        projection = self._projection(actor, usersets, context)
        if len(objects) <= MAX_CHECKS and not projection.knows(nodes):
            contextual = memberships_told(actor, usersets)
            asked = [CheckRequest(actor, relation, name, contextual, context) for _, _, name, relation in objects]
            verdicts = self._questions.batch_check(asked)
            return {(each.object, each.relation) for each, held in zip(asked, verdicts, strict=True) if held}
        projection.need(nodes)
        return {
            (name, relation)
            for type_name, object_id, name, relation in objects
            if projection.holds(type_name, object_id, relation)
        }

    def predicate(
        self,
        actor: str,
        relation: str,
        type_name: str,
        alias: str,
        usersets: Sequence[str] = (),
        context: Mapping[str, Any] = NO_CONTEXT,
    ) -> VisibilitySql:
        """See ``GrantIndex``. The lists that the relation needs are asked for now."""
        try:
            found = self._plans.predicate(type_name, relation, alias)
        except UnplannableRelation:
            request = ListObjectsRequest(actor, relation, type_name, memberships_told(actor, usersets), context)
            ids = [split_object(name)[1] for name in self._questions.list_with_rows(request)]
            listed = listed_predicate(self._structure.rows[type_name], alias, connections[self._using].vendor, ids)
            return VisibilitySql(_NO_EXPRESSION, listed)
        projection = self._projection(actor, usersets, context)
        return VisibilitySql(_NO_EXPRESSION, found.filled(projection.filled))

    def _projection(self, actor: str, usersets: Sequence[str], context: Mapping[str, Any]) -> Projection:
        # What an open transaction has changed may be undone, so nothing that was read in it is kept.
        if connections[self._using].in_atomic_block:
            return self._new_projection(actor, usersets, context)
        # The other values of a context are as good as another actor.
        key = (*self._key(actor, usersets), json.dumps(context, sort_keys=True) if context else "")
        found = self._moments.get(key)
        if found is None:
            found = self._kept_projection(actor, usersets) if self._kept.is_used and not context else None
            found = found or self._new_projection(actor, usersets, context)
            self._moments.keep(key, found)
        return found

    def _kept_projection(self, actor: str, usersets: Sequence[str]) -> Projection | None:
        """Return the projection of an earlier request, or a new one that later requests may use; None: keep nothing.

        Without a context: what holds under one ends at a time that only its conditions know.
        """
        # Both before anything is read: what comes in between makes the projection too old, never too new.
        revision = horizon.revision(self._using)
        epoch = self._feed.epoch(self._remote, self._moments.deadline())
        if epoch is None:
            return None
        key, state = self._key(actor, usersets), LogState(revision, epoch)
        found = self._kept.get(key, state)
        if found is None:
            found = self._new_projection(actor, usersets, NO_CONTEXT)
            self._kept.keep(key, found, state)
        return found

    def _key(self, actor: str, usersets: Sequence[str]) -> tuple[str, str, tuple[str, ...]]:
        """Return what a projection is kept by: what is remembered is shared by the clients of all models."""
        return self._remote.model_id, actor, tuple(usersets)

    def _new_projection(self, actor: str, usersets: Sequence[str], context: Mapping[str, Any]) -> Projection:
        self._types.require_user(actor)
        contextual = memberships_told(actor, usersets)
        delta = self._questions.delta(self._questions.concern(actor), self._moments.deadline())
        possible = self._types.reaching(kind_of(actor)) | {
            node for userset in usersets for node in self._types.reaching(kind_of(userset))
        }

        def load(nodes: Collection[GrantRelation]) -> Mapping[GrantRelation, frozenset[str]]:
            # What nobody of this kind can ever hold needs no call.
            asked = [node for node in nodes if f"{node[0]}#{node[1]}" in possible]
            lists = (
                self._questions.object_lists(actor, asked, contextual, delta, self._moments.deadline(), context)
                if asked
                else []
            )
            sets = {
                node: frozenset(name.partition(":")[2] for name in names)
                for node, names in zip(asked, lists, strict=True)
            }
            return {node: sets.get(node, frozenset()) for node in nodes}

        return Projection(load)
