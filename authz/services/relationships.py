"""Reading and writing stored tuples: grants. Structure is never written here."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import DEFAULT_DB_ALIAS, transaction

from authz.clients import horizon
from authz.clients.base import OnConflict, TuplePage
from authz.conf import MAX_TUPLES_PER_WRITE
from authz.services.client import configured_client
from authz.services.wrapping import audited
from authz.types import SYSTEM, Actor, TupleKey


def write(
    *,
    actor: Actor = SYSTEM,
    writes: Sequence[TupleKey] = (),
    deletes: Sequence[TupleKey] = (),
    on_duplicate: OnConflict = "error",
    on_missing: OnConflict = "error",
) -> None:
    """Delete and write at most 100 tuples, all or nothing, in the caller's transaction, as the doing of ``actor``.

    Whoever calls on somebody's behalf names her: the audit says so. Raises InvalidRequest, InvalidTuple, WriteConflict.
    """
    client = audited(configured_client(), actor)
    client.write(writes=writes, deletes=deletes, on_duplicate=on_duplicate, on_missing=on_missing)


def revoke(deletes: Sequence[TupleKey], *, actor: Actor = SYSTEM, on_missing: OnConflict = "error") -> None:
    """Delete at most 100 tuples that nothing else guards, as memberships are: by no lock that a reader of rights holds.

    Waits for transactions that rest on what they may take away (``decisions.stay_revocations``). Raises as ``write``.
    """
    with transaction.atomic():
        horizon.await_stays(DEFAULT_DB_ALIAS)
        write(actor=actor, deletes=deletes, on_missing=on_missing)


def read(
    *,
    user: str | None = None,
    relation: str | None = None,
    object: str | None = None,
    page_size: int = 100,
    continuation_token: str = "",
) -> TuplePage:
    """Return one page of the stored tuples that fit; ``object`` may be ``"type:id"`` or ``"type:"``."""
    return configured_client().read(
        user=user, relation=relation, object=object, page_size=page_size, continuation_token=continuation_token
    )


def read_all(*, user: str | None = None, relation: str | None = None, object: str | None = None) -> list[TupleKey]:
    """Return every stored tuple that fits, read page by page."""
    found: list[TupleKey] = []
    token = ""
    while True:
        page = read(user=user, relation=relation, object=object, continuation_token=token)
        found += page.tuples
        token = page.continuation_token
        if not token:
            return found


def read_objects(objects: Collection[str], relation: str | None = None) -> dict[str, list[TupleKey]]:
    """Return by object the stored tuples on each of them, read together: of one relation, or of all."""
    names = list(objects)
    return dict(zip(names, configured_client().read_objects(names, relation), strict=True))


def forget(objects: Collection[str], *, actor: Actor = SYSTEM) -> int:
    """Delete every tuple on the objects and return how many there were: for what ``actor`` deletes for good."""
    # What is deleted is named without its condition.
    found = [key.bare for keys in read_objects(objects).values() for key in keys]
    for start in range(0, len(found), MAX_TUPLES_PER_WRITE):
        write(actor=actor, deletes=found[start : start + MAX_TUPLES_PER_WRITE], on_missing="ignore")
    return len(found)
