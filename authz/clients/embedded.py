"""``EmbeddedClient``: OpenFGA's answers from tuples in the Django database.

A write joins the transaction of its caller, so that tuples and the rows they describe commit together or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from authz.clients import pages, tuples
from authz.clients.base import ChangePage, OnConflict, TuplePage
from authz.clients.memberships import DatabaseMemberships
from authz.clients.plans import PagePlans
from authz.clients.row_tuples import RowTuples
from authz.clients.sql.predicate import VisibilitySql
from authz.clients.sql.structure import NO_STRUCTURE, Structure
from authz.clients.stored_grants import StoredGrants
from authz.clients.writes import require_writable
from authz.dsl import from_json, parse, to_json, to_text
from authz.dsl.model import AuthorizationModel
from authz.engine import check, expand, explain, list_objects, list_users
from authz.engine.expand import UsersetTree
from authz.engine.explain import Explanation
from authz.engine.followed import Followed
from authz.engine.reader import TupleReader
from authz.engine.typesystem import type_of, typesystem_of
from authz.errors import WriteConflict
from authz.models import AuthorizationModelVersion, Delivery, RelationshipTuple, TupleOperation
from authz.types import Asker, CheckRequest, ListObjectsRequest, ListUsersRequest, TupleKey

_RACES = 3
"""How often a write looks again after another writer was faster."""


class _Overtaken(Exception):
    """Somebody has deleted a tuple between our look and our delete, and may have written it anew."""


class EmbeddedClient:
    """An ``AuthzClient`` over the database ``using``, for one model and one description of the tree.

    ``clock`` gives the time that writes are stamped with; ``delivery``, whether a remote engine hears of them (None: if
    there is one). Safe to share between threads: it holds no state but caches.
    """

    shares_reads = True

    def __init__(
        self,
        model: AuthorizationModel,
        *,
        clock: Callable[[], datetime],
        structure: Structure = NO_STRUCTURE,
        using: str = "default",
        delivery: Delivery | None = None,
    ) -> None:
        self.model = model
        self.structure = structure
        self._delivery = delivery
        self._clock = clock
        self._using = using
        self._types = typesystem_of(model)
        self._reader = tuples.DatabaseTuples(using, contexts=bool(model.conditions))
        self._memberships = DatabaseMemberships(model, self._reader, structure, using)
        self._with_rows = RowTuples(self._reader, structure, using)
        self._grants = StoredGrants(model, self._with_rows, self._memberships, structure, using)

    def check(self, request: CheckRequest) -> bool:
        """Answer one question; see ``authz.engine.check``."""
        return self.batch_check([request])[0]

    def batch_check(self, requests: Sequence[CheckRequest]) -> list[bool]:
        """Answer all questions, in order, with one statement per level of the deepest.

        Where a stored tuple may lead into the tree, the places of what it leads to are read from the rows.
        """
        reader = self._reader_for(*((type_of(request.object), request.relation) for request in requests))
        return check.batch_check(self.model, reader, requests, self._memberships)

    def _reader_for(self, *asked: tuple[str, str], tells: bool = True) -> TupleReader:
        """Return what answers questions about ``(type, relation)``; ``tells``: they bring the places that they name."""
        return self._with_rows if self._needs_rows(*asked, tells=tells) else self._reader

    def _needs_rows(self, *asked: tuple[str, str], tells: bool = True) -> bool:
        ways = self._grants.plans.followed(frozenset(asked))
        return ways.elsewhere or (ways.any and not tells)

    def list_objects(self, request: ListObjectsRequest) -> list[str]:
        """Return every object; never cut short."""
        reader = self._reader_for((request.type, request.relation), tells=False)
        return list_objects.list_objects(self.model, reader, request)

    def list_users(self, request: ListUsersRequest) -> list[str]:
        """Return every user; never cut short."""
        reader = self._reader_for((type_of(request.object), request.relation))
        return list_users.list_users(self.model, reader, request)

    def expand(self, relation: str, object: str, contextual_tuples: Sequence[TupleKey] = ()) -> UsersetTree:
        """Return how the relation of an object comes about, one level deep."""
        return expand.expand(self.model, self._reader, relation, object, contextual_tuples)

    def explain(self, request: CheckRequest) -> Explanation:
        """Return why ``check`` answers as it does; see ``authz.engine.explain``.

        Whole tuples are read, also for a model without conditions: one under a condition is told as it is stored.
        """
        reader: TupleReader = tuples.DatabaseTuples(self._using, contexts=True)
        if self._needs_rows((type_of(request.object), request.relation)):
            reader = RowTuples(reader, self.structure, self._using)
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
        """Return stored tuples as they are, also those that the model does not allow any more."""
        return pages.read_tuples(
            self._using,
            user=user,
            relation=relation,
            object=object,
            page_size=page_size,
            continuation_token=continuation_token,
        )

    def read_objects(self, objects: Sequence[str], relation: str | None = None) -> list[list[TupleKey]]:
        """Return the stored tuples on each of the objects, in their order. One statement for all of them."""
        return tuples.stored_on(self._using, objects, relation)

    def write(
        self,
        *,
        writes: Sequence[TupleKey] = (),
        deletes: Sequence[TupleKey] = (),
        on_duplicate: OnConflict = "error",
        on_missing: OnConflict = "error",
    ) -> None:
        """Delete, then write, all or nothing, within the caller's transaction if there is one.

        A tuple that is deleted and written in one request changes its condition. Raises InvalidRequest and InvalidTuple
        as ``require_writable`` does, and WriteConflict (written twice, or not there to delete) unless told to ignore
        that; a tuple that is there under another condition is a conflict in any case.
        """
        require_writable(self._types, writes, deletes)
        now = self._clock()
        for _ in range(_RACES + 1):
            try:
                with transaction.atomic(using=self._using):
                    self._write(writes, deletes, on_duplicate, on_missing, now)
                    return
            except (IntegrityError, _Overtaken) as error:
                overtaken = error
        raise WriteConflict("another writer has just changed one of these tuples") from overtaken

    def _write(
        self,
        writes: Sequence[TupleKey],
        deletes: Sequence[TupleKey],
        on_duplicate: OnConflict,
        on_missing: OnConflict,
        now: datetime,
    ) -> None:
        stored = tuples.existing(self._using, [*deletes, *writes])
        gone = {key: stored.pop(key) for key in deletes if key in stored}
        if len(gone) < len(deletes) and on_missing == "error":
            raise WriteConflict("a tuple to delete is not there")
        there = [(stored.get(key.bare), key) for key in writes]
        new = [key for row, key in there if row is None]
        if len(new) < len(writes) and on_duplicate == "error":
            raise WriteConflict("a tuple to write is there already")
        if not all(row is None or tuples.says(row, key) for row, key in there):
            # It grants something else than what is to be written, so it is no duplicate that could be ignored.
            raise WriteConflict("a tuple to write is there already, under another condition")
        if gone:
            deleted = [tuples.key_of(row) for row in gone.values()]
            rows = RelationshipTuple.objects.using(self._using).filter(pk__in=[row.pk for row in gone.values()])
            if rows.delete()[0] < len(deleted):
                raise _Overtaken
            tuples.log(self._using, TupleOperation.DELETE, deleted, now, self._delivery)
        if new:
            tuples.insert(self._using, new, now)
            tuples.log(self._using, TupleOperation.WRITE, new, now, self._delivery)

    def read_changes(self, *, type: str = "", page_size: int = 50, continuation_token: str = "") -> ChangePage:
        """Return what was written and deleted, oldest first."""
        return pages.read_changes(self._using, type=type, page_size=page_size, continuation_token=continuation_token)

    def write_authorization_model(self, model: AuthorizationModel) -> str:
        """Keep a version of the model and return its id. It becomes active by nothing that happens here.

        Kept is what its text says, read as any other version is: raises InvalidModel for what no text may say.
        """
        text = to_text(model)
        kept = parse(text)
        version = AuthorizationModelVersion.objects.using(self._using).create(
            text=text, json=to_json(kept), schema_version=kept.schema_version, created_at=self._clock()
        )
        return version.id

    def read_authorization_models(self) -> list[tuple[str, AuthorizationModel]]:
        """Return every kept version, the newest first."""
        versions = AuthorizationModelVersion.objects.using(self._using).order_by("-created_at", "-id")
        return [(version.id, from_json(version.json)) for version in versions]

    def page_plans(self, asked: frozenset[tuple[str, str]]) -> PagePlans:
        """Return the splits of several ``(type, relation)``, and what they read; raises UnplannableRelation."""
        return self._grants.plans.page(asked)

    def followed(self, asked: frozenset[tuple[str, str]] | None) -> Followed:
        """See ``GrantIndex``."""
        return self._grants.plans.followed(asked)

    def predicate(self, asker: Asker, relation: str, type_name: str, alias: str) -> VisibilitySql:
        """Return the relation as SQL over rows; see ``authz.clients.stored_grants``."""
        return self._grants.predicate(asker, relation, type_name, alias)

    def granted(self, asker: Asker, wanted: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return which of the ``(object, relation)`` grants the asker holds; see ``authz.clients.stored_grants``."""
        return self._grants.granted(asker, wanted)
