"""``ShadowedClient``: a sample of the answers is held against another engine, behind the back of whoever asked."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence

from django.db import transaction

from authz.clients.base import InstallationClient
from authz.clients.wrappers.comparisons import Answer, Comparison, Comparisons, Pair
from authz.clients.wrappers.wrapper import ClientWrapper
from authz.types import Asker, CheckRequest, ListObjectsRequest, ListUsersRequest


class ShadowedClient(ClientWrapper):
    """Answers as ``pair.first`` does, and hands ``sample`` (0 to 1) of its answers to ``comparisons``.

    Whoever asks waits for nothing: a comparison begins when the transaction that it was asked in has committed, in a
    thread of its own, and never if that transaction is undone. Questions that end with an error are not compared, and
    neither are predicates, which are no answers yet.
    """

    def __init__(
        self,
        pair: Pair,
        comparisons: Comparisons,
        *,
        sample: float,
        using: str = "default",
        chance: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(pair.first)
        self._pair = pair
        self._comparisons = comparisons
        self._sample = sample
        self._using = using
        self._chance = chance

    def check(self, request: CheckRequest) -> bool:
        """See ``AuthzClient``."""
        allowed = super().check(request)
        self._follow("check", lambda: _checks([request], [allowed]), lambda other: _checked(other, [request]))
        return allowed

    def batch_check(self, requests: Sequence[CheckRequest]) -> list[bool]:
        """See ``AuthzClient``."""
        answers = super().batch_check(requests)
        self._follow("batch_check", lambda: _checks(requests, answers), lambda other: _checked(other, requests))
        return answers

    def list_objects(self, request: ListObjectsRequest) -> list[str]:
        """See ``AuthzClient``."""
        found = super().list_objects(request)
        self._follow(
            "list_objects",
            lambda: _objects(request, found),
            lambda other: _objects(request, other.list_objects(request)),
        )
        return found

    def list_users(self, request: ListUsersRequest) -> list[str]:
        """See ``AuthzClient``."""
        found = super().list_users(request)
        self._follow(
            "list_users", lambda: _users(request, found), lambda other: _users(request, other.list_users(request))
        )
        return found

    def granted(self, asker: Asker, wanted: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """See ``GrantIndex``."""
        found = super().granted(asker, wanted)
        self._follow(
            "granted", lambda: _grants(asker, found), lambda other: _grants(asker, other.granted(asker, wanted))
        )
        return found

    def _follow(self, kind: str, answer: Callable[[], Answer], ask: Callable[[InstallationClient], Answer]) -> None:
        """Let what was answered be compared, if chance wants it. Both functions run in the other thread."""
        if self._chance() < self._sample:
            comparison = Comparison(kind, answer, ask, self._pair)
            transaction.on_commit(lambda: self._comparisons.put(comparison), using=self._using, robust=True)


def _checked(client: InstallationClient, requests: Sequence[CheckRequest]) -> Answer:
    return _checks(requests, client.batch_check(requests))


def _checks(requests: Sequence[CheckRequest], answers: Sequence[bool]) -> Answer:
    return frozenset(request for request, allowed in zip(requests, answers, strict=True) if allowed)


def _objects(request: ListObjectsRequest, found: Sequence[str]) -> Answer:
    return frozenset(
        CheckRequest(request.user, request.relation, name, request.contextual_tuples, request.context) for name in found
    )


def _users(request: ListUsersRequest, found: Sequence[str]) -> Answer:
    return frozenset(
        CheckRequest(user, request.relation, request.object, request.contextual_tuples, request.context)
        for user in found
    )


def _grants(asker: Asker, found: Collection[tuple[str, str]]) -> Answer:
    return frozenset(asker.check(relation, name) for name, relation in found)
