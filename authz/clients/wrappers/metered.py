"""``MeteredClient``: how often each method is called, how it ends and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from authz.clients.base import ChangePage, OnConflict, TuplePage
from authz.clients.plans import PagePlans
from authz.clients.sql.predicate import VisibilitySql
from authz.clients.wrappers.measures import BATCH_SIZE, TUPLES, decisions_of, seconds_of
from authz.clients.wrappers.wrapper import ClientWrapper
from authz.dsl.model import AuthorizationModel
from authz.engine.expand import UsersetTree
from authz.engine.explain import Explanation
from authz.engine.followed import Followed
from authz.errors import AuthzError
from authz.types import Asker, CheckRequest, ListObjectsRequest, ListUsersRequest, TupleKey

T = TypeVar("T")

OK = "ok"
FAILED = "UNEXPECTED"
"""The outcome of a call that ended by an error of another tree: the database's, or a mistake of ours."""


class MeteredClient(ClientWrapper):
    """Measures every call. ``predicate`` is measured as it is composed: its statement runs later, with the page's."""

    def check(self, request: CheckRequest) -> bool:
        """See ``AuthzClient``."""
        allowed = _measured("check", lambda: self.inner.check(request), outcome=_verdict)
        decisions_of(_verdict(allowed)).inc()
        return allowed

    def batch_check(self, requests: Sequence[CheckRequest]) -> list[bool]:
        """See ``AuthzClient``."""
        BATCH_SIZE.labels("batch_check").observe(len(requests))
        answers = _measured("batch_check", lambda: self.inner.batch_check(requests))
        for verdict in (True, False):
            decisions_of(_verdict(verdict)).inc(answers.count(verdict))
        return answers

    def list_objects(self, request: ListObjectsRequest) -> list[str]:
        """See ``AuthzClient``."""
        return _measured("list_objects", lambda: self.inner.list_objects(request))

    def list_users(self, request: ListUsersRequest) -> list[str]:
        """See ``AuthzClient``."""
        return _measured("list_users", lambda: self.inner.list_users(request))

    def expand(self, relation: str, object: str, contextual_tuples: Sequence[TupleKey] = ()) -> UsersetTree:
        """See ``AuthzClient``."""
        return _measured("expand", lambda: self.inner.expand(relation, object, contextual_tuples))

    def explain(self, request: CheckRequest) -> Explanation:
        """See ``AuthzClient``."""
        return _measured("explain", lambda: self.inner.explain(request))

    def read(
        self,
        *,
        user: str | None = None,
        relation: str | None = None,
        object: str | None = None,
        page_size: int = 100,
        continuation_token: str = "",
    ) -> TuplePage:
        """See ``AuthzClient``."""
        return _measured(
            "read",
            lambda: self.inner.read(
                user=user, relation=relation, object=object, page_size=page_size, continuation_token=continuation_token
            ),
        )

    def read_objects(self, objects: Sequence[str], relation: str | None = None) -> list[list[TupleKey]]:
        """See ``AuthzClient``."""
        return _measured("read_objects", lambda: self.inner.read_objects(objects, relation))

    def write(
        self,
        *,
        writes: Sequence[TupleKey] = (),
        deletes: Sequence[TupleKey] = (),
        on_duplicate: OnConflict = "error",
        on_missing: OnConflict = "error",
    ) -> None:
        """See ``AuthzClient``."""
        _measured(
            "write",
            lambda: self.inner.write(writes=writes, deletes=deletes, on_duplicate=on_duplicate, on_missing=on_missing),
        )
        TUPLES.labels("write").inc(len(writes))
        TUPLES.labels("delete").inc(len(deletes))

    def read_changes(self, *, type: str = "", page_size: int = 50, continuation_token: str = "") -> ChangePage:
        """See ``AuthzClient``."""
        return _measured(
            "read_changes",
            lambda: self.inner.read_changes(type=type, page_size=page_size, continuation_token=continuation_token),
        )

    def write_authorization_model(self, model: AuthorizationModel) -> str:
        """See ``AuthzClient``."""
        return _measured("write_authorization_model", lambda: self.inner.write_authorization_model(model))

    def read_authorization_models(self) -> list[tuple[str, AuthorizationModel]]:
        """See ``AuthzClient``."""
        return _measured("read_authorization_models", self.inner.read_authorization_models)

    def page_plans(self, asked: frozenset[tuple[str, str]]) -> PagePlans:
        """See ``GrantIndex``."""
        return _measured("page_plans", lambda: self.inner.page_plans(asked))

    def granted(self, asker: Asker, wanted: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """See ``GrantIndex``."""
        BATCH_SIZE.labels("granted").observe(len(wanted))
        return _measured("granted", lambda: self.inner.granted(asker, wanted))

    def predicate(self, asker: Asker, relation: str, type_name: str, alias: str) -> VisibilitySql:
        """See ``GrantIndex``."""
        return _measured("predicate", lambda: self.inner.predicate(asker, relation, type_name, alias))

    def followed(self, asked: frozenset[tuple[str, str]] | None) -> Followed:
        """See ``GrantIndex``."""
        return _measured("followed", lambda: self.inner.followed(asked))


def _measured(method: str, call: Callable[[], T], outcome: Callable[[T], str] = lambda _: OK) -> T:
    """Return what the call returns, and note how long it took and how it ended."""
    begin = time.perf_counter()
    ended = FAILED
    try:
        answer = call()
        ended = outcome(answer)
    except AuthzError as error:
        ended = error.code
        raise
    finally:
        seconds_of(method, ended).observe(time.perf_counter() - begin)
    return answer


def _verdict(allowed: bool) -> str:
    return "allowed" if allowed else "denied"
