"""Pages from the grant projection: the ``GrantIndex`` of a server."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.db import connections

from authz.clients import horizon
from authz.clients.openfga.feed import ChangeFeed
from authz.clients.openfga.kept import KeptProjections, Moment
from authz.clients.openfga.moments import Moments
from authz.clients.openfga.projection import Node, ProjectedGrants, Projection, require_grant_relation
from authz.clients.openfga.questions import MAX_CHECKS, Questions
from authz.clients.plans import PagePlans, Plans
from authz.clients.sql.predicate import VisibilitySql
from authz.clients.sql.structure import Structure
from authz.dsl.model import AuthorizationModel
from authz.engine.plan import Plan
from authz.engine.typesystem import kind_of, typesystem_of
from authz.types import CheckRequest, TupleKey, split_object

_NO_EXPRESSION = "no_expression(one) AS (SELECT 1)"
"""Lists need none; the statement that ours becomes a part of has a place for some."""


class GrantLists:
    """What an actor holds, as the server's lists, for one model and one structure."""

    def __init__(
        self,
        model: AuthorizationModel,
        questions: Questions,
        structure: Structure,
        moments: Moments,
        kept: KeptProjections,
        feed: ChangeFeed,
        using: str,
    ) -> None:
        self._types = typesystem_of(model)
        self._kept = kept
        self._feed = feed
        self._questions = questions
        self._moments = moments
        self._using = using
        self._plans = Plans(model, structure, ProjectedGrants(self._types, connections[using].vendor))

    def plan(self, type_name: str, relation: str) -> Plan:
        """Return the split of a relation; raises UnplannableRelation."""
        return self._plans.plan(type_name, relation)

    def page_plans(self, asked: frozenset[tuple[str, str]]) -> PagePlans:
        """See ``GrantIndex``."""
        found = self._plans.page(asked)
        for type_name, relations in found.grants.items():
            for relation in relations:
                require_grant_relation(self._types, (type_name, relation))
        return found

    def granted(
        self, actor: str, wanted: Collection[tuple[str, str]], usersets: Sequence[str] = ()
    ) -> set[tuple[str, str]]:
        """See ``GrantIndex``. A few are asked one by one, in one batch, unless their lists are here already."""
        objects = [(*split_object(name), name, relation) for name, relation in wanted]
        nodes = {(type_name, relation) for type_name, _, _, relation in objects}
        projection = self._projection(actor, usersets)
        if len(objects) <= MAX_CHECKS and not projection.knows(nodes):
            contextual = self._contextual(actor, usersets)
            asked = [CheckRequest(actor, relation, name, contextual) for _, _, name, relation in objects]
            verdicts = self._questions.batch_check(asked)
            return {(each.object, each.relation) for each, held in zip(asked, verdicts, strict=True) if held}
        projection.need(nodes)
        return {
            (name, relation)
            for type_name, object_id, name, relation in objects
            if projection.holds(type_name, object_id, relation)
        }

    def predicate(
        self, actor: str, relation: str, type_name: str, alias: str, usersets: Sequence[str] = ()
    ) -> VisibilitySql:
        """See ``GrantIndex``. The lists that the relation needs are asked for now."""
        found = self._plans.predicate(type_name, relation, alias)
        projection = self._projection(actor, usersets)
        return VisibilitySql(
            ctes=_NO_EXPRESSION,
            cte_params=(),
            where=found.where.text,
            where_params=projection.filled(found.where.params),
            candidates=found.candidates.text,
            candidate_params=projection.filled(found.candidates.params),
        )

    def _projection(self, actor: str, usersets: Sequence[str]) -> Projection:
        # What an open transaction has changed may be undone, so nothing that was read in it is kept.
        if connections[self._using].in_atomic_block:
            return self._new_projection(actor, usersets)
        key = (actor, tuple(usersets))
        found = self._moments.get(key)
        if found is None:
            found = self._kept_projection(key) or self._new_projection(actor, usersets)
            self._moments.keep(key, found)
        return found

    def _kept_projection(self, key: tuple[str, tuple[str, ...]]) -> Projection | None:
        """Return the projection of an earlier request, or a new one that later requests may use; None: keep nothing."""
        if not self._kept.is_used:
            return None
        # Both before anything is read: what comes in between makes the projection too old, never too new.
        revision = horizon.revision(self._using)
        epoch = self._feed.epoch(self._moments.deadline())
        if epoch is None:
            return None
        moment = Moment(revision, epoch)
        found = self._kept.get(key, moment)
        if found is None:
            found = self._new_projection(*key)
            self._kept.keep(key, found, moment)
        return found

    def _new_projection(self, actor: str, usersets: Sequence[str]) -> Projection:
        self._types.require_user(actor)
        contextual = self._contextual(actor, usersets)
        delta = self._questions.delta(self._questions.concern(actor), self._moments.deadline())
        possible = self._types.reaching(kind_of(actor)) | {
            node for userset in usersets for node in self._types.reaching(kind_of(userset))
        }

        def load(nodes: Collection[Node]) -> Mapping[Node, frozenset[str]]:
            # What nobody of this kind can ever hold needs no call.
            asked = [node for node in nodes if f"{node[0]}#{node[1]}" in possible]
            lists = (
                self._questions.object_lists(actor, asked, contextual, delta, self._moments.deadline()) if asked else []
            )
            sets = {
                node: frozenset(name.partition(":")[2] for name in names)
                for node, names in zip(asked, lists, strict=True)
            }
            return {node: sets.get(node, frozenset()) for node in nodes}

        return Projection(load)

    def _contextual(self, actor: str, usersets: Sequence[str]) -> tuple[TupleKey, ...]:
        return tuple(TupleKey(actor, name.partition("#")[2], name.partition("#")[0]) for name in usersets)
