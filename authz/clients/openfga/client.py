"""``OpenFGAClient``: the answers of a real OpenFGA server.

Whole checks, lists and reads are the server's own, with what is on its way to it as contextual tuples. Pages come from
the grant projection. A write is put on its way in the caller's transaction and delivered when that commits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from django.db import transaction

from authz.clients import tuples
from authz.clients.base import ChangePage, OnConflict, TuplePage
from authz.clients.embedded import EmbeddedClient
from authz.clients.openfga import models, outbox, reading, wire
from authz.clients.openfga.contextual import MAX_CONTEXTUAL
from authz.clients.openfga.delivery import Courier
from authz.clients.openfga.feed import ChangeFeed
from authz.clients.openfga.kept import KeptProjections
from authz.clients.openfga.lists import GrantLists
from authz.clients.openfga.moments import Moments
from authz.clients.openfga.patched import PatchedTuples
from authz.clients.openfga.questions import Questions
from authz.clients.openfga.remote import Remote
from authz.clients.plans import PagePlans
from authz.clients.sql.predicate import VisibilitySql
from authz.clients.sql.structure import NO_STRUCTURE, Structure
from authz.clients.writes import require_writable
from authz.dsl.model import AuthorizationModel
from authz.engine import expand, explain, list_users
from authz.engine.contextual import require_contextual
from authz.engine.expand import UsersetTree
from authz.engine.explain import Explanation
from authz.engine.followed import Followed
from authz.engine.typesystem import type_of, typesystem_of
from authz.errors import AuthorizationUnavailable, WriteConflict
from authz.models import Delivery
from authz.types import Asker, CheckRequest, ListObjectsRequest, ListUsersRequest, TupleKey, split_object

logger = logging.getLogger("filegraph.authz")

_CUT = 1000
"""Users that OpenFGA lists at most, without a word about the others."""


class OpenFGAClient:
    """An ``InstallationClient`` over one store and model of a server, and one description of the tree.

    ``clock`` gives the time that changes are stamped with. ``moments`` is shared by all clients of a process, ``kept``
    and ``feed`` by all of one store: the projections that may serve later requests, by default none, and the log that
    they are held against. Safe to share between threads.
    """

    shares_reads = False

    def __init__(
        self,
        model: AuthorizationModel,
        remote: Remote,
        *,
        clock: Callable[[], datetime],
        structure: Structure = NO_STRUCTURE,
        moments: Moments | None = None,
        kept: KeptProjections | None = None,
        feed: ChangeFeed | None = None,
        using: str = "default",
    ) -> None:
        self.model = model
        self.structure = structure
        self.remote = remote
        self._clock = clock
        self._using = using
        self._types = typesystem_of(model)
        self._moments = moments or Moments()
        self._questions = Questions(model, remote, structure, self._moments, using)
        self._lists = GrantLists(
            model,
            remote,
            self._questions,
            structure,
            self._moments,
            kept or KeptProjections(0),
            feed or ChangeFeed(clock()),
            using,
        )
        self._courier = Courier(remote, using)
        self._record = EmbeddedClient(model, clock=clock, using=using, delivery=Delivery.PENDING)

    def check(self, request: CheckRequest) -> bool:
        """Answer one question."""
        return self.batch_check([request])[0]

    def batch_check(self, requests: Sequence[CheckRequest]) -> list[bool]:
        """Answer all questions, in order, in batches of 50 that are asked at the same time."""
        return self._questions.batch_check(requests)

    def list_objects(self, request: ListObjectsRequest) -> list[str]:
        """Return every object, from a stream (a plain list ends after 1000), or our own list where the tree counts."""
        self._types.relation(request.type, request.relation)
        self._types.require_user(request.user)
        if self._questions.followed(request.type, request.relation).any:
            return self._questions.list_with_rows(request)
        deadline = self._moments.deadline()
        delta = self._questions.delta(self._questions.concern(request.user), deadline)
        node = (request.type, request.relation)
        (found,) = self._questions.object_lists(
            request.user, [node], request.contextual_tuples, delta, deadline, request.context
        )
        return found

    def list_users(self, request: ListUsersRequest) -> list[str]:
        """Return every user: the server's answer, or our own where it may have been cut short or the tree counts."""
        type_name, object_id = self._object(request.object, request.relation)
        self._types.require_kind(request.user_type, request.user_relation)
        require_contextual(self._types, request.contextual_tuples)
        deadline = self._moments.deadline()
        delta = self._questions.delta(None, deadline)
        brought = request.contextual_tuples
        contextual = list(dict.fromkeys([*brought, *delta.writes_beside(brought)]))
        alone = not self._questions.followed(type_name, request.relation).elsewhere
        if alone and not delta.deletes and len(contextual) <= MAX_CONTEXTUAL:
            wanted = {"type": request.user_type}
            if request.user_relation is not None:
                wanted["relation"] = request.user_relation
            body = {
                "object": {"type": type_name, "id": object_id},
                "relation": request.relation,
                "user_filters": [wanted],
                "contextual_tuples": [wire.tuple_json(key) for key in contextual],
                **wire.context_json(request.context),
            }
            (answer,) = self.remote.send([self.remote.question("list-users", body)], deadline)
            found = wire.users(answer)
            if len(found) < _CUT:
                return sorted(found)
        reader = self._questions.reader_for([(type_name, request.relation)], delta, deadline)
        return list_users.list_users(self.model, reader, request)

    def expand(self, relation: str, object: str, contextual_tuples: Sequence[TupleKey] = ()) -> UsersetTree:
        """Return how the relation of an object comes about, one level deep."""
        self._object(object, relation)
        require_contextual(self._types, contextual_tuples)
        deadline = self._moments.deadline()
        delta = self._questions.delta(None, deadline)
        if delta.deletes or delta.writes:
            reader = PatchedTuples(self.remote, delta, deadline)
            return expand.expand(self.model, reader, relation, object, contextual_tuples)
        body = {"tuple_key": {"relation": relation, "object": object}, **wire.contextual_json(contextual_tuples)}
        (answer,) = self.remote.send([self.remote.question("expand", body)], deadline)
        return wire.tree(answer)

    def explain(self, request: CheckRequest) -> Explanation:
        """Return why ``check`` answers as it does, from the server's tuples and what is on its way."""
        self._object(request.object, request.relation)
        deadline = self._moments.deadline()
        delta = self._questions.delta(None, deadline)
        reader = self._questions.reader_for([(type_of(request.object), request.relation)], delta, deadline)
        return explain.explain(self.model, reader, request)

    def read(
        self,
        *,
        user: str | None = None,
        relation: str | None = None,
        object: str | None = None,
        page_size: int = 100,
        continuation_token: str = "",
    ) -> TuplePage:
        """Return stored tuples. OpenFGA takes a user only with a type of objects, and no relation by itself."""
        named = {"user": user, "relation": relation, "object": object}
        filter = {name: value for name, value in named.items() if value is not None}
        return reading.read_page(self.remote, self._using, filter, page_size, continuation_token)

    def read_objects(self, objects: Sequence[str], relation: str | None = None) -> list[list[TupleKey]]:
        """Return the stored tuples on each of the objects, in their order; a call for each."""
        return reading.read_objects(self.remote, self._using, objects, relation)

    def write(
        self,
        *,
        writes: Sequence[TupleKey] = (),
        deletes: Sequence[TupleKey] = (),
        on_duplicate: OnConflict = "error",
        on_missing: OnConflict = "error",
    ) -> None:
        """Put changes on their way, within the caller's transaction if there is one; deliver them when it commits.

        They count from then on, delivered or not. Our record changes in the same transaction and says what conflicts:
        raises what ``EmbeddedClient.write`` does. What others have put on the server can be deleted too.
        """
        require_writable(self._types, writes, deletes)
        with transaction.atomic(using=self._using):
            outbox.lock_objects(self._using, (*deletes, *writes))
            recorded = tuples.existing(self._using, deletes)
            strange = [key for key in deletes if key not in recorded]
            if strange and on_missing == "error":
                self._require_there(strange)
            self._record.write(writes=writes, deletes=deletes, on_duplicate=on_duplicate, on_missing="ignore")
            if strange:
                outbox.append(self._using, (), strange, self._clock())
            self._moments.forget()
            transaction.on_commit(self._deliver, using=self._using, robust=True)

    def read_changes(self, *, type: str = "", page_size: int = 50, continuation_token: str = "") -> ChangePage:
        """Return what the server has written and deleted, oldest first."""
        return reading.read_changes(self.remote, type, page_size, continuation_token)

    def write_authorization_model(self, model: AuthorizationModel) -> str:
        """Keep a version of the model on the server and return its id. Nothing here makes it active."""
        return models.write_model(self.remote.sender, self.remote.store_id, model)

    def read_authorization_models(self) -> list[tuple[str, AuthorizationModel]]:
        """Return every version that the store has, the newest first."""
        return models.read_models(self.remote.sender, self.remote.store_id)

    def page_plans(self, asked: frozenset[tuple[str, str]]) -> PagePlans:
        """See ``GrantIndex``."""
        return self._lists.page_plans(asked)

    def followed(self, asked: frozenset[tuple[str, str]] | None) -> Followed:
        """See ``GrantIndex``."""
        return self._lists.followed(asked)

    def granted(self, asker: Asker, wanted: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """See ``GrantIndex``."""
        return self._lists.granted(asker, wanted)

    def predicate(self, asker: Asker, relation: str, type_name: str, alias: str) -> VisibilitySql:
        """See ``GrantIndex``."""
        return self._lists.predicate(asker, relation, type_name, alias)

    def _object(self, value: str, relation: str) -> tuple[str, str]:
        self._types.require_object(value, relation)
        return split_object(value)

    def _require_there(self, keys: Sequence[TupleKey]) -> None:
        """Raise WriteConflict unless the server has tuples that are not in our record."""
        told = outbox.delta(self._using, self.remote.store_id).told
        filters = [{"user": key.user, "relation": key.relation, "object": key.object} for key in keys]
        found = self.remote.read_all(filters, self._moments.deadline())
        if not all(there and key not in told for key, there in zip(keys, found, strict=True)):
            raise WriteConflict("a tuple to delete is not there")

    def _deliver(self) -> None:
        self._moments.forget()
        try:
            self._courier.deliver(self._moments.deadline())
        except AuthorizationUnavailable as error:
            logger.warning("Changes of permissions wait for OpenFGA: %s", error)
