"""Whole checks and lists of objects, asked of the server with what it does not know yet.

What is on its way is read first (see the package). Tuples still to be written travel as contextual tuples. Of a
deletion that may matter and cannot be delivered the server cannot be told; then, and where a question has more context
than OpenFGA takes, our own engine decides over the server's tuples (``patched``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db import connections

from authz.clients.openfga import outbox, wire
from authz.clients.openfga.calls import Call, Deadline
from authz.clients.openfga.contextual import MAX_CONTEXTUAL, ContextualTuples
from authz.clients.openfga.delivery import Courier
from authz.clients.openfga.moments import Moments
from authz.clients.openfga.outbox import Concern, Delta
from authz.clients.openfga.patched import PatchedTuples
from authz.clients.openfga.remote import Remote
from authz.clients.row_tuples import RowTuples
from authz.clients.sql.structure import Structure
from authz.dsl.model import AuthorizationModel
from authz.engine import check, list_objects
from authz.engine.contextual import require_contextual
from authz.engine.followed import Followed, followed
from authz.engine.reader import TupleReader
from authz.engine.typesystem import type_of, typesystem_of
from authz.errors import AuthorizationUnavailable, ResolutionTooComplex
from authz.types import CheckRequest, ListObjectsRequest, TupleKey

MAX_CHECKS = 50
"""Checks of one batch: OpenFGA's limit."""
_MAX_TUPLES = 1500
"""Contextual tuples of one batch, all its checks together: a request has at most 512 KiB."""
Asked = tuple[CheckRequest, Sequence[TupleKey]]
"""A check and the contextual tuples that go with it."""


class Questions:
    """Asks one store about one model. ``structure`` has the edges that the application answers for."""

    def __init__(
        self,
        model: AuthorizationModel,
        remote: Remote,
        structure: Structure,
        moments: Moments,
        using: str,
    ) -> None:
        self._model = model
        self._types = typesystem_of(model)
        self._remote = remote
        self._structure = structure
        self._structural = structure.edges()
        self._moments = moments
        self._using = using
        self._courier = Courier(remote, using)
        self._followed: dict[tuple[str, str], Followed] = {}

    def concern(self, *users: str) -> Concern:
        """Return what makes a tuple matter to a question about these users."""
        return Concern(frozenset(users), self._types.tuplesets)

    def delta(self, concern: Concern | None, deadline: Deadline) -> Delta:
        """Return what is on its way of tuples that can matter; deletions are delivered first, if that can be.

        A transaction that is open here cannot wait for a delivery, least of all of its own changes.
        """
        found = outbox.delta(self._using, self._remote.store_id, concern)
        if found.deletes and not connections[self._using].in_atomic_block:
            self._courier.settle(deadline)
            found = outbox.delta(self._using, self._remote.store_id, concern)
        return found.under(self._types)

    def batch_check(self, requests: Sequence[CheckRequest]) -> list[bool]:
        """Answer all questions, in order. Raises as ``authz.engine.check`` does, and AuthorizationUnavailable."""
        for request in requests:
            self._types.require_object(request.object, request.relation)
            self._types.require_user(request.user)
        if not requests:
            return []
        deadline = self._moments.deadline()
        delta = self.delta(self.concern(*(request.user for request in requests)), deadline)
        told = enumerate(zip(requests, self._told(requests, delta), strict=True))
        remotely = {place: (request, tuples) for place, (request, tuples) in told if tuples is not None}
        verdicts = zip(remotely, self._ask(list(remotely.values()), deadline), strict=True)
        answers = {place: verdict for place, verdict in verdicts if verdict is not None}
        locally = {place: request for place, request in enumerate(requests) if place not in answers}
        if locally:
            asked = [(type_of(request.object), request.relation) for request in locally.values()]
            reader = self.reader_for(asked, delta, deadline)
            answers.update(zip(locally, check.batch_check(self._model, reader, list(locally.values())), strict=True))
        return [answers[place] for place in range(len(requests))]

    def _told(self, requests: Sequence[CheckRequest], delta: Delta) -> Iterator[list[TupleKey] | None]:
        """Yield for each question the contextual tuples that go with it; None where the server cannot answer it."""
        brought: dict[tuple[str, int], ContextualTuples] = {}
        for request in requests:
            # By identity: hashing hundreds of tuples per question would cost more than it could save.
            key = (request.user, id(request.contextual_tuples))
            if key not in brought:
                brought[key] = self._contextual(request.user, request.contextual_tuples, delta)
            tuples = brought[key].relevant(request.object, request.relation)
            deleted = any(map(self.concern(request.user).meets, delta.deletes))
            elsewhere = self.followed(type_of(request.object), request.relation).elsewhere
            yield None if elsewhere or deleted or len(tuples) > MAX_CONTEXTUAL else tuples

    def followed(self, type_name: str, relation: str) -> Followed:
        """Return which edges of the tree a question about a relation follows."""
        found = self._followed.get((type_name, relation))
        if found is None:
            found = followed(self._types, self._structural, [(type_name, relation)])
            self._followed[type_name, relation] = found
        return found

    def reader_for(self, asked: Iterable[tuple[str, str]], delta: Delta, deadline: Deadline) -> TupleReader:
        """Return what our own engine answers questions about ``(type, relation)`` from: the server's tuples.

        With the rows of the tree where a stored tuple may lead to an object whose place the question does not tell.
        """
        if any(self.followed(*pair).elsewhere for pair in asked):
            return self._with_rows(delta, deadline)
        return PatchedTuples(self._remote, delta, deadline)

    def list_with_rows(self, request: ListObjectsRequest) -> list[str]:
        """Return every object of a list for which the tree counts, as our own engine finds it over the server's tuples.

        A server, which has no tree, cannot list them.
        """
        deadline = self._moments.deadline()
        reader = self._with_rows(self.delta(self.concern(request.user), deadline), deadline)
        return list_objects.list_objects(self._model, reader, request)

    def _with_rows(self, delta: Delta, deadline: Deadline) -> RowTuples:
        return RowTuples(PatchedTuples(self._remote, delta, deadline), self._structure, self._using)

    def object_lists(
        self,
        user: str,
        nodes: Sequence[tuple[str, str]],
        contextual: Sequence[TupleKey],
        delta: Delta,
        deadline: Deadline,
        context: Mapping[str, Any],
    ) -> list[list[str]]:
        """Return for each ``(type, relation)`` every object to which ``user`` has the relation, all asked at once.

        ``contextual`` tuples and the ``context`` of conditions count for this question.
        """
        told = self._contextual(user, contextual, delta)
        tuples = [told.relevant_of_type(*node) for node in nodes]
        deleted = any(map(self.concern(user).meets, delta.deletes))
        remotely = [place for place, found in enumerate(tuples) if not deleted and len(found) <= MAX_CONTEXTUAL]
        calls = [self._list_call(user, nodes[place], tuples[place], context) for place in remotely]
        streams = self._remote.send(calls, deadline) if calls else []
        answers = {place: _objects(stream, nodes[place][0]) for place, stream in zip(remotely, streams, strict=True)}
        reader = PatchedTuples(self._remote, delta, deadline)
        for place, (type_name, relation) in enumerate(nodes):
            if place not in answers:
                request = ListObjectsRequest(user, relation, type_name, tuple(contextual), context)
                answers[place] = list_objects.list_objects(self._model, reader, request)
        return [answers[place] for place in range(len(nodes))]

    def _contextual(self, user: str, contextual: Iterable[TupleKey], delta: Delta) -> ContextualTuples:
        keys = list(contextual)
        require_contextual(self._types, keys)
        waiting = filter(self.concern(user).meets, delta.writes_beside(keys))
        return ContextualTuples(self._types, self._structural, [*keys, *waiting])

    def _list_call(
        self, user: str, node: tuple[str, str], contextual: Sequence[TupleKey], context: Mapping[str, Any]
    ) -> Call:
        body = {"user": user, "type": node[0], "relation": node[1], **wire.contextual_json(contextual)}
        return self._remote.question("streamed-list-objects", body | wire.context_json(context), streamed=True)

    def _ask(self, asked: Sequence[Asked], deadline: Deadline) -> list[bool | None]:
        """Return the server's answers; None where it gives up because of its limit of depth, which ours has not."""
        if not asked:
            return []
        if len(asked) == 1:
            try:
                (answer,) = self._remote.send([self._remote.question("check", _check_json(*asked[0]))], deadline)
            except ResolutionTooComplex:
                return [None]
            return [wire.allowed(answer)]
        batches = _batches(asked)
        calls = [self._batch_call(batch) for batch in batches]
        answers = self._remote.send(calls, deadline)
        return [
            verdict
            for batch, answer in zip(batches, answers, strict=True)
            for verdict in wire.verdicts(answer, len(batch))
        ]

    def _batch_call(self, batch: Sequence[Asked]) -> Call:
        checks = [{**_check_json(*each), "correlation_id": str(place)} for place, each in enumerate(batch)]
        return self._remote.question("batch-check", {"checks": checks})


def _check_json(request: CheckRequest, contextual: Sequence[TupleKey]) -> dict[str, Any]:
    key = TupleKey(request.user, request.relation, request.object)
    return {
        "tuple_key": wire.tuple_json(key),
        **wire.contextual_json(contextual),
        **wire.context_json(request.context),
    }


def _batches(asked: Sequence[Asked]) -> list[list[Asked]]:
    batches: list[list[Asked]] = [[]]
    size = 0
    for each in asked:
        if len(batches[-1]) == MAX_CHECKS or (batches[-1] and size + len(each[1]) > _MAX_TUPLES):
            batches.append([])
            size = 0
        batches[-1].append(each)
        size += len(each[1])
    return batches


def _objects(stream: Iterable[Mapping[str, Any]], type_name: str) -> list[str]:
    found = sorted({wire.text(line, "object") for line in stream})
    # They are in order: if the first and the last are of the type, all are.
    if found and not (found[0].startswith(f"{type_name}:") and found[-1].startswith(f"{type_name}:")):
        raise AuthorizationUnavailable("a list with objects of another type")
    return found
