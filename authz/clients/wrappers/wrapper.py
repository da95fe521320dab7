"""``ClientWrapper``: a client that hands every call on to the one inside. What a wrapper adds is what it overrides."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from authz.clients.base import ChangePage, InstallationClient, OnConflict, TuplePage
from authz.clients.plans import PagePlans
from authz.clients.sql.predicate import VisibilitySql
from authz.dsl.model import AuthorizationModel
from authz.engine.expand import UsersetTree
from authz.engine.explain import Explanation
from authz.engine.followed import Followed
from authz.types import Asker, CheckRequest, ListObjectsRequest, ListUsersRequest, TupleKey


class ClientWrapper:
    """An ``InstallationClient`` that answers as ``inner`` does, and raises what it raises."""

    def __init__(self, inner: InstallationClient) -> None:
        self.inner = inner
        self.model = inner.model
        self.structure = inner.structure
        self.shares_reads = inner.shares_reads

    def check(self, request: CheckRequest) -> bool:
        """See ``AuthzClient``."""
        return self.inner.check(request)

    def batch_check(self, requests: Sequence[CheckRequest]) -> list[bool]:
        """See ``AuthzClient``."""
        return self.inner.batch_check(requests)

    def list_objects(self, request: ListObjectsRequest) -> list[str]:
        """See ``AuthzClient``."""
        return self.inner.list_objects(request)

    def list_users(self, request: ListUsersRequest) -> list[str]:
        """See ``AuthzClient``."""
        return self.inner.list_users(request)

    def expand(self, relation: str, object: str, contextual_tuples: Sequence[TupleKey] = ()) -> UsersetTree:
        """See ``AuthzClient``."""
        return self.inner.expand(relation, object, contextual_tuples)

    def explain(self, request: CheckRequest) -> Explanation:
        """See ``AuthzClient``."""
        return self.inner.explain(request)

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
        return self.inner.read(
            user=user, relation=relation, object=object, page_size=page_size, continuation_token=continuation_token
        )

    def read_objects(self, objects: Sequence[str], relation: str | None = None) -> list[list[TupleKey]]:
        """See ``AuthzClient``."""
        return self.inner.read_objects(objects, relation)

    def write(
        self,
        *,
        writes: Sequence[TupleKey] = (),
        deletes: Sequence[TupleKey] = (),
        on_duplicate: OnConflict = "error",
        on_missing: OnConflict = "error",
    ) -> None:
        """See ``AuthzClient``."""
        self.inner.write(writes=writes, deletes=deletes, on_duplicate=on_duplicate, on_missing=on_missing)

    def read_changes(self, *, type: str = "", page_size: int = 50, continuation_token: str = "") -> ChangePage:
        """See ``AuthzClient``."""
        return self.inner.read_changes(type=type, page_size=page_size, continuation_token=continuation_token)

    def write_authorization_model(self, model: AuthorizationModel) -> str:
        """See ``AuthzClient``."""
        return self.inner.write_authorization_model(model)

    def read_authorization_models(self) -> list[tuple[str, AuthorizationModel]]:
        """See ``AuthzClient``."""
        return self.inner.read_authorization_models()

    def page_plans(self, asked: frozenset[tuple[str, str]]) -> PagePlans:
        """See ``GrantIndex``."""
        return self.inner.page_plans(asked)

    def granted(self, asker: Asker, wanted: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """See ``GrantIndex``."""
        return self.inner.granted(asker, wanted)

    def predicate(self, asker: Asker, relation: str, type_name: str, alias: str) -> VisibilitySql:
        """See ``GrantIndex``."""
        return self.inner.predicate(asker, relation, type_name, alias)

    def followed(self, asked: frozenset[tuple[str, str]] | None) -> Followed:
        """See ``GrantIndex``."""
        return self.inner.followed(asked)
