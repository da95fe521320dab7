"""The rows of the audit: how they are made of tuples, and added."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from authz.models import AuditEntry, AuditOperation
from authz.types import Actor, TupleKey


def entry(
    actor: Actor, operation: AuditOperation, now: datetime, key: TupleKey, *, note: str = "", occurrences: int = 1
) -> AuditEntry:
    """Return a row that is not stored yet. Parts of ``key`` may be empty: not every operation is about a tuple."""
    object_type, _, object_id = key.object.partition(":")
    return AuditEntry(
        created_at=now,
        actor=actor,
        operation=operation,
        object_type=object_type,
        object_id=object_id,
        relation=key.relation,
        subject=key.user,
        condition_name=key.condition.name if key.condition else "",
        condition_context=dict(key.condition.context) if key.condition else {},
        note=note,
        occurrences=occurrences,
    )


def append(using: str, entries: Sequence[AuditEntry]) -> None:
    """Add rows, in order, within the caller's transaction if there is one."""
    AuditEntry.objects.using(using).bulk_create(entries)
