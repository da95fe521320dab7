"""Stored tuples, for those who edit the model: shown as they are, and written with the reason when they are refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from authz.clients.base import TuplePage
from authz.clients.writes import require_deletable
from authz.engine.conditions import Circumstances
from authz.engine.typesystem import type_of, typesystem_of
from authz.errors import AuthzError, ConditionFailed, EditorRequired, InvalidTuple, ModelConflict, WriteConflict
from authz.services import last_administrator, relationships, rights
from authz.services.active_model import LoadedModel, active_version_id, of_version
from authz.services.circumstances import CURRENT_TIME, circumstances
from authz.services.client import client_for
from authz.services.editors import may_read, require_editor
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
    return relationships.read(
        user=user, relation=relation, object=object, page_size=page_size, continuation_token=after
    )


def write(actor: Actor, *, writes: Sequence[TupleKey], deletes: Sequence[TupleKey], needs: Needs) -> list[RefusedTuple]:
    """Delete and write at most 100 tuples, all or nothing; return what stands against it, nothing when it was done.

    Refused are tuples that the active model does not allow, whose condition the service's own questions could not
    decide, relations that stand in the rows of the tree, what is there already, and what is to go and is not there.
    Raises EditorRequired, AdministratorLockout, InvalidRequest (none, too many, one twice), WriteConflict when somebody
    else was faster, and ModelConflict when another model has been activated since this request began: the tuples were
    judged by the one before.
    """
    require_editor(actor)
    needs = needs.joined(OWN_NEEDS)
    version_id = active_version_id()
    model = of_version(version_id)
    refused = _refused(model, writes, deletes, needs)
    if refused:
        return refused
    try:
        with last_administrator.kept(None, needs) as held:
            if held != version_id:
                raise ModelConflict
            # Whatever is written here may take a right away.
            if not rights.hold_alone(actor):
                raise EditorRequired
            require_editor(actor)
            relationships.write(actor=actor, writes=writes, deletes=deletes)
    except WriteConflict:
        refused = list(_conflicts(writes, deletes))
        if not refused:
            raise
    return refused


def _refused(
    model: LoadedModel, writes: Sequence[TupleKey], deletes: Sequence[TupleKey], needs: Needs
) -> list[RefusedTuple]:
    types = typesystem_of(model.model)
    structural = needs.structural()
    found: list[RefusedTuple] = []
    told = types.conditions.under(circumstances(client_for(model, needs.structure)))

    def require_writable(key: TupleKey) -> None:
        types.require_tuple(key)
        _require_decidable(told, key)

    both: tuple[tuple[Literal["writes", "deletes"], Sequence[TupleKey], Callable[[TupleKey], None]], ...] = (
        ("writes", writes, require_writable),
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


def _require_decidable(told: Circumstances, key: TupleKey) -> None:
    """Raise ConditionFailed for a condition that could not be decided when the service asks.

    One such tuple of ``user:*`` would be an error in everybody's lists.
    """
    if key.condition is None:
        return
    try:
        told.met(key.condition)
    except ConditionFailed as error:
        raise type(error)(f"{error}; besides what the tuple gives the service tells {CURRENT_TIME} alone") from error


def _conflicts(writes: Sequence[TupleKey], deletes: Sequence[TupleKey]) -> Iterator[RefusedTuple]:
    """Yield which of the tuples are there already, or are to go and are not there; at the present moment."""
    gone = set(deletes)
    for place, key in enumerate(deletes):
        if _stored(key) is None:
            yield RefusedTuple("deletes", place, WriteConflict(f"{_said(key)} is not there"))
    for place, key in enumerate(writes):
        stored = None if key.bare in gone else _stored(key)
        if stored is not None:
            other = "" if stored.condition == key.condition else f", {_under(stored)}: delete it first"
            yield RefusedTuple("writes", place, WriteConflict(f"{_said(key)} is there already{other}"))


def _stored(key: TupleKey) -> TupleKey | None:
    found = relationships.read(user=key.user, relation=key.relation, object=key.object, page_size=1).tuples
    return found[0] if found else None


def _said(key: TupleKey) -> str:
    return f"{key.user} as {key.relation} of {key.object}"


def _under(key: TupleKey) -> str:
    if key.condition is None:
        return "without a condition"
    return f"under {key.condition.name} {json.dumps(dict(key.condition.context))}"
