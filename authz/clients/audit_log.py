"""The rows of the audit: how they are made of tuples, and added."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from authz.models import AuditEntry, AuditOperation
from authz.types import Actor, TupleKey


class _Request(threading.local):
    """Which request this thread works for."""

    id = ""


_REQUEST = _Request()


@contextmanager
def of_request(request_id: str) -> Iterator[None]:
    """Let the entries of the block name a request: also those of a block within it, which knows none."""
    before, _REQUEST.id = _REQUEST.id, request_id or _REQUEST.id
    try:
        yield
    finally:
        _REQUEST.id = before


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
        request=_REQUEST.id,
    )


def append(using: str, entries: Sequence[AuditEntry]) -> None:
    """Add rows, in order, within the caller's transaction if there is one."""
    AuditEntry.objects.using(using).bulk_create(entries)
