"""The audit: who gave and took permissions, who looked into them, and what was refused. Written here and read here.

Changes of tuples leave their entries by themselves (``authz.services.relationships``). With ``FILEGRAPH_AUDIT`` off
nothing is written, and what was written before can still be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import DEFAULT_DB_ALIAS

from authz.clients import audit_log
from authz.clients.wrappers.denials import Denials
from authz.conf import authz_settings
from authz.models import AuditEntry, AuditOperation
from authz.types import Actor, RelationshipCondition, TupleKey

__all__ = [
    "DENIALS",
    "AuditOperation",
    "Entry",
    "entries",
    "forget_old",
    "record_activation",
    "record_question",
    "write_denials",
]

MODEL = "authorization_model"
"""The type under which an entry names a version of the model."""

_BATCH = 1000
"""Entries of one statement, so that others get their turn."""
_BATCHES = 20
"""Batches of one round; the next round goes on."""

DENIALS = Denials()
"""Refusals of this process that are not written yet."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, as it was written.

    ``key`` is the tuple that was written, deleted or refused. Of an activation its object is
    ``authorization_model:<id of the version>`` and ``note`` what was said about it; of a question ``note`` is its name,
    and parts that it did not have are empty. ``occurrences``: how often, of refusals alone. ``request``: the id of the
    request that did it, empty for refusals, which are written together, and for what no request did.
    """

    id: int
    at: datetime
    actor: Actor
    operation: AuditOperation
    key: TupleKey
    note: str = ""
    occurrences: int = 1
    request: str = ""


def record_activation(actor: Actor, version_id: str, *, now: datetime, note: str = "") -> None:
    """Write down, within the caller's transaction, that ``actor`` puts a version of the model in force."""
    _record(actor, AuditOperation.ACTIVATE, TupleKey("", "", f"{MODEL}:{version_id}"), now, note)


def record_question(
    actor: Actor, question: str, *, now: datetime, user: str = "", relation: str = "", object: str = ""
) -> None:
    """Write down that ``actor`` asked a ``question`` (``"whoCanAccess"``) about somebody's rights."""
    _record(actor, AuditOperation.ASK, TupleKey(user, relation, object), now, question)


def entries(
    *,
    since: datetime | None = None,
    object: str | None = None,
    user: str | None = None,
    actor: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Entry]:
    """Return at most ``limit`` entries that fit everything named, the newest first.

    ``object`` is ``"type:id"`` or ``"type:"``; ``user`` is whom an entry is about, ``actor`` who did it; ``before`` is
    the id of the last entry of the page before. Each filter has an index.
    """
    rows = AuditEntry.objects.order_by("-id")
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    if object is not None:
        object_type, _, object_id = object.partition(":")
        rows = rows.filter(object_type=object_type)
        rows = rows.filter(object_id=object_id) if object_id else rows
    if user is not None:
        rows = rows.filter(subject=user)
    if actor is not None:
        rows = rows.filter(actor=actor)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return [_entry_of(row) for row in rows[:limit]]


def write_denials() -> int:
    """Write the refusals that this process has noted; return how many entries that were."""
    return DENIALS.flush(DEFAULT_DB_ALIAS)


def forget_old(*, now: datetime) -> int:
    """Delete entries older than ``FILEGRAPH_AUDIT_RETENTION``, the oldest first, and return how many."""
    old = AuditEntry.objects.filter(created_at__lt=now - authz_settings().audit_retention).order_by("created_at", "id")
    deleted = 0
    for _ in range(_BATCHES):
        ids = list(old.values_list("id", flat=True)[:_BATCH])
        AuditEntry.objects.filter(id__in=ids).delete()
        deleted += len(ids)
        if len(ids) < _BATCH:
            break
    return deleted


def _record(actor: Actor, operation: AuditOperation, key: TupleKey, now: datetime, note: str) -> None:
    if authz_settings().audit:
        audit_log.append(DEFAULT_DB_ALIAS, [audit_log.entry(actor, operation, now, key, note=note)])


def _entry_of(row: AuditEntry) -> Entry:
    condition = RelationshipCondition(row.condition_name, row.condition_context) if row.condition_name else None
    name = f"{row.object_type}:{row.object_id}" if row.object_type else ""
    key = TupleKey(row.subject, row.relation, name, condition)
    return Entry(
        id=row.id,
        at=row.created_at,
        actor=Actor(row.actor),
        operation=AuditOperation(row.operation),
        key=key,
        note=row.note,
        occurrences=row.occurrences,
        request=row.request,
    )
