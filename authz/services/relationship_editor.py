"""Stored tuples, for those who edit the model: shown as they are, and written with the reason when they are refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from django.db import DEFAULT_DB_ALIAS, transaction

from authz.clients import horizon
from authz.clients.base import TuplePage
from authz.clients.writes import require_deletable
from authz.engine import names
from authz.engine.typesystem import type_of, typesystem_of
from authz.errors import AuthzError, InvalidTuple, ModelConflict
from authz.services import relationships
from authz.services.activation import hold_active
from authz.services.administrators import require_administrator
from authz.services.client import client_for
from authz.services.editors import may_read, require_editor
from authz.services.models import LoadedModel, active_version_id, of_version
from authz.services.needs import OWN_NEEDS, Needs
from authz.types import Actor, TupleKey


@dataclass(frozen=True, slots=True)
class RefusedTuple:
    """Why one tuple cannot be written or deleted: its list, its place there from 0, and the error."""

    list: Literal["writes", "deletes"]
    place: int
    error: AuthzError


def page(
    actor: Actor, *, user: str | None, relation: str | None, object: str | None, page_size: int, after: str
) -> TuplePage | None:
    """Return one page of the stored tuples that fit; None for whoever may not read them.

    ``object`` may be ``"type:id"`` or ``"type:"``; ``after`` is the token of the page before. An OpenFGA server takes a
    user only together with a type of objects. Raises InvalidRequest, InvalidContinuationToken.
    """
    if not may_read(actor):
        return None
    if user is not None:
        names.require_user(user)
    if relation is not None:
        names.require_relation(relation)
    if object is not None:
        names.require_objects(object)
    return relationships.read(
        user=user, relation=relation, object=object, page_size=page_size, continuation_token=after
    )


def write(actor: Actor, *, writes: Sequence[TupleKey], deletes: Sequence[TupleKey], needs: Needs) -> list[RefusedTuple]:
    """Delete and write at most 100 tuples, all or nothing; return what stands against it, nothing when it was done.

    Refused are tuples that the active model does not allow, and relations that stand in the rows of the tree.
    Raises EditorRequired, AdministratorLockout, InvalidRequest (none, too many, one twice), WriteConflict, and
    ModelConflict when another model has been activated since this request began: they were judged by the one before.
    """
    require_editor(actor)
    needs = needs.joined(OWN_NEEDS)
    version_id = active_version_id()
    model = of_version(version_id)
    refused = _refused(model, writes, deletes, needs)
    if refused:
        return refused
    # An activation and this may each be harmless alone: one waits for the other. And who rests on a right until she has
    # committed is waited for: whatever is written here may take one away.
    with transaction.atomic():
        if hold_active().version_id != version_id:
            raise ModelConflict
        horizon.await_stays(DEFAULT_DB_ALIAS)
        relationships.write(actor=actor, writes=writes, deletes=deletes)
        require_administrator(client_for(model, needs.structure), needs.kept)
    return []


def _refused(
    model: LoadedModel, writes: Sequence[TupleKey], deletes: Sequence[TupleKey], needs: Needs
) -> list[RefusedTuple]:
    types = typesystem_of(model.model)
    structural = needs.structural()
    found: list[RefusedTuple] = []
    both: tuple[tuple[Literal["writes", "deletes"], Sequence[TupleKey], Callable[[TupleKey], None]], ...] = (
        ("writes", writes, types.require_tuple),
        ("deletes", deletes, require_deletable),
    )
    for name, keys, judge in both:
        for place, key in enumerate(keys):
            try:
                judge(key)
                if (type_of(key.object), key.relation) in structural:
                    raise InvalidTuple(f"{key.relation!r} of {type_of(key.object)!r} is told from the tree, not stored")
            except AuthzError as error:
                found.append(RefusedTuple(name, place, error))
    return found
