"""``AuthzClient``: the one way to ask and to write, with openfga-sdk's method names; ``GrantIndex``: lists and pages.

Two real clients implement both: ``EmbeddedClient`` (tuples in the Django database) and ``OpenFGAClient`` (a server).
What a client keeps is its own business: ``OpenFGAClient`` shares the lists of one request (``Moments``), the embedded
one keeps nothing of tuples. Synchronous: a whole request runs in one worker thread, so that no question costs a thread
hop of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from authz.clients.plans import PagePlans
from authz.clients.sql.predicate import VisibilitySql
from authz.clients.sql.structure import Structure
from authz.dsl.model import AuthorizationModel
from authz.engine.expand import UsersetTree
from authz.engine.explain import Explanation
from authz.engine.followed import Followed
from authz.types import Asker, CheckRequest, ListObjectsRequest, ListUsersRequest, TupleKey

OnConflict = Literal["error", "ignore"]


@dataclass(frozen=True, slots=True)
class TuplePage:
    """One page of ``read``: tuples and the token of the next page, empty at the end."""

    tuples: tuple[TupleKey, ...]
    continuation_token: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of ``read_changes``: what happened to a tuple, and when (ISO 8601, UTC)."""

    operation: Literal["write", "delete"]
    tuple_key: TupleKey
    timestamp: str


@dataclass(frozen=True, slots=True)
class ChangePage:
    """One page of ``read_changes``, oldest first; the token stays valid at the end, to ask for what comes later."""

    changes: tuple[Change, ...]
    continuation_token: str = ""


class AuthzClient(Protocol):
    """What every authorization engine can be asked. All methods raise ``authz.errors.AuthzError`` subclasses."""

    def check(self, request: CheckRequest) -> bool:
        """Tell whether the user has the relation to the object."""
        ...

    def batch_check(self, requests: Sequence[CheckRequest]) -> list[bool]:
        """Answer all questions, in order; an error in one is an error for all."""
        ...

    def list_objects(self, request: ListObjectsRequest) -> list[str]:
        """Return every object of the type to which the user has the relation; never cut short.

        The places of objects are read from the rows: a question that does not know them cannot tell them.
        """
        ...

    def list_users(self, request: ListUsersRequest) -> list[str]:
        """Return every user of the kind who has the relation; ``"user:*"`` among them means everybody."""
        ...

    def expand(self, relation: str, object: str, contextual_tuples: Sequence[TupleKey] = ()) -> UsersetTree:
        """Return how the relation of the object comes about, one level deep."""
        ...

    def explain(self, request: CheckRequest) -> Explanation:
        """Return why ``check`` answers as it does; OpenFGA has no such question, so our engine reads the tuples."""
        ...

    def read(
        self,
        *,
        user: str | None = None,
        relation: str | None = None,
        object: str | None = None,
        page_size: int = 100,
        continuation_token: str = "",
    ) -> TuplePage:
        """Return one page of stored tuples; ``object`` may be ``"type:id"`` or ``"type:"``, a page has 1 to 100."""
        ...

    def read_objects(self, objects: Sequence[str], relation: str | None = None) -> list[list[TupleKey]]:
        """Return the stored tuples on each of the objects, in their order: of one relation, or of all.

        For a server that has no such question it is a ``read`` of each object, page by page.
        """
        ...

    def write(
        self,
        *,
        writes: Sequence[TupleKey] = (),
        deletes: Sequence[TupleKey] = (),
        on_duplicate: OnConflict = "error",
        on_missing: OnConflict = "error",
    ) -> None:
        """Delete, then write, at most 100 tuples, all or nothing."""
        ...

    def read_changes(self, *, type: str = "", page_size: int = 50, continuation_token: str = "") -> ChangePage:
        """Return one page of what was written and deleted, oldest first, of one type or of all."""
        ...

    def write_authorization_model(self, model: AuthorizationModel) -> str:
        """Keep a version of the model and return its id; nobody is its author, and nothing makes it active here.

        For programs and tests that hold a client by itself, as they hold openfga-sdk's. People keep versions through
        ``authz.services.model_versions``, which asks whether they may. Raises InvalidModel or InvalidRequest.
        """
        ...

    def read_authorization_models(self) -> list[tuple[str, AuthorizationModel]]:
        """Return every kept version with its id, the newest first; for the same callers."""
        ...


class GrantIndex(Protocol):
    """What an actor holds, for many objects at once: grants from the engine, structure from the rows.

    A client is made for one model and one description of the tree; see ``authz.engine.plan`` for the split.
    """

    def page_plans(self, asked: frozenset[tuple[str, str]]) -> PagePlans:
        """Return how several ``(type, relation)`` come about from grants and edges.

        Raises UnplannableRelation for one that cannot be split so; then ``batch_check`` has the answer.
        """
        ...

    def granted(self, asker: Asker, wanted: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return which of the ``(object, grant relation)`` the asker holds, by groups and wildcards too.

        Raises ConditionFailed for a condition that cannot be evaluated and may matter.
        """
        ...

    def predicate(self, asker: Asker, relation: str, type_name: str, alias: str) -> VisibilitySql:
        """Return the SQL that is true for the rows of ``type_name``, under ``alias``, where ``asker`` has ``relation``.

        A relation that cannot be split is listed by the engine: slower, and as complete. Raises ConditionFailed where
        the list hangs on a condition that cannot be evaluated, and ResolutionTooComplex when the engine's list is too
        long.
        """
        ...

    def followed(self, asked: frozenset[tuple[str, str]] | None) -> Followed:
        """Return which edges of the tree questions about ``(type, relation)`` follow: what has to be told with them.

        None: any questions.
        """
        ...


class InstallationClient(AuthzClient, GrantIndex, Protocol):
    """What ``authz.services`` needs of an engine: both, and the model it answers by."""

    model: AuthorizationModel
    structure: Structure
    """The tree that it was told of."""
    shares_reads: bool
    """Whether questions of one batch about the same objects read the same tuples once."""
