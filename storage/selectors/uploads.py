"""Uploads with all that a decision about them needs, in one statement each. **No permission is asked here.**"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from authz.services.decisions import revision_sql
from storage.conf import MAX_BATCH
from storage.models import Drive, Item, Tombstone, Upload
from storage.selectors import dialect
from storage.selectors.actors import active_sql
from storage.selectors.rows import drive_with_store
from storage.tables import DRIVES, PLACES, STORES, UPLOADS, fetch, marks, moment


class HeldBytes(NamedTuple):
    """Bytes that an ended upload holds, and the time until which it does at least."""

    size: int
    until: datetime


class Standing(NamedTuple):
    """What the decision to publish an upload rests on; equal as long as nothing of that has changed."""

    state: str
    attempt: int
    is_of_active_account: bool
    trash_id: str | None
    """Of its folder."""
    takes_bytes: bool
    """Whether its drive does."""
    above: str
    """The folders above, in a text of their own."""
    revision: str | int
    """Of the grants of the installation."""


UNDER_WAY = (
    "((SELECT COUNT(*) FROM storage_upload WHERE actor = %s AND finished_at IS NULL"
    " AND (expires_at > %s OR link_lifetime IS NOT NULL))"
    " + (SELECT COUNT(*) FROM storage_tombstone WHERE actor = %s))"
)
"""How many uploads an actor has that are live and in time, or have ended while links to them may live: a scalar
expression with the parameters of ``under_way_params``."""

_ROW = f"{UPLOADS.columns}, {PLACES.columns}, {DRIVES.columns}, {STORES.columns}"
_WIDTH = UPLOADS.width + PLACES.width + DRIVES.width + STORES.width
_JOINS = (
    "FROM storage_upload u JOIN storage_item n ON n.id = u.parent_id JOIN storage_drive d ON d.id = u.drive_id "
    "JOIN storage_backend b ON b.id = d.backend_id"
)


def uploads(ids: Collection[str]) -> list[Upload]:
    """Return uploads with their parent, drive and backend; those that are not there are left out. One statement."""
    if not ids:
        return []
    return _read(fetch(_text(len(ids), with_rows=True, with_standing=False), list(ids)))


def uploads_with_standing(ids: Collection[str]) -> tuple[list[Upload], dict[str, Standing]]:
    """Return what ``uploads`` returns, and by id the standing of each. One statement."""
    if not ids:
        return [], {}
    rows = fetch(_text(len(ids), with_rows=True, with_standing=True), list(ids))
    return _read(rows), {row[0]: Standing(*row[_WIDTH:]) for row in rows}


def standing(ids: Collection[str]) -> dict[str, Standing]:
    """Return by id the standing of uploads; those that are not there are left out. One statement."""
    rows = fetch(_text(len(ids), with_rows=False, with_standing=True), list(ids))
    return {row[0]: Standing(*row[1:]) for row in rows}


def moved_on(before: Standing, upload: Upload) -> Standing:
    """Return a standing as it is after a step of the caller's own, which has brought ``upload`` up to date."""
    return Standing(upload.state, upload.attempt, *before[2:])


def under_way_params(actor: str, now: datetime) -> list[Any]:
    """Return the parameters of ``UNDER_WAY``."""
    return [actor, moment(now), actor]


def count_under_way(actor: str, now: datetime) -> int:
    """Return how many uploads of the actor are under way, as ``UNDER_WAY`` counts."""
    ((count,),) = fetch(f"SELECT {UNDER_WAY}", under_way_params(actor, now))
    return int(count)


def held_of(actor: str, drive_id: str | None = None) -> Sequence[HeldBytes]:
    """Return what ended uploads of the actor hold, in one drive or in all, what comes free first at the beginning."""
    holding = Tombstone.objects.filter(actor=actor)
    if drive_id is not None:
        holding = holding.filter(drive=drive_id)
    rows = holding.order_by("delete_after").values_list("held_bytes", "delete_after")
    return [HeldBytes(size or 0, until) for size, until in rows]


@lru_cache(maxsize=3 * MAX_BATCH)
def _text(count: int, *, with_rows: bool, with_standing: bool) -> str:
    """Return the statement for so many uploads: made once, which takes longer than to run it."""
    above = f"(SELECT {dialect.joined('c.ancestor_id')} FROM storage_folderclosure c WHERE c.descendant_id = n.id)"  # noqa: S608
    # In the order of ``Standing``.
    standing = (
        f"u.state, u.attempt, {active_sql('u.actor')}, n.trash_id, d.archived_at IS NULL AND b.writable, {above}, "
        f"{revision_sql()}"
    )
    columns = [_ROW if with_rows else "u.id", *([standing] if with_standing else [])]
    return f"SELECT {', '.join(columns)} {_JOINS} WHERE u.id IN ({marks(range(count))})"


def _read(rows: Iterable[Sequence[Any]]) -> list[Upload]:
    # The uploads of a batch share their folders and drives: each of them is read once.
    parents: dict[str, Item] = {}
    drives: dict[str, Drive] = {}
    found = []
    for row in rows:
        upload = UPLOADS.read(row)
        parent, drive = parents.get(upload.parent_id), drives.get(upload.drive_id)
        if parent is None:
            parent = parents[upload.parent_id] = PLACES.read(row, UPLOADS.width)
        if drive is None:
            drive = drives[upload.drive_id] = drive_with_store(row, UPLOADS.width + PLACES.width)
        upload.parent, upload.drive = parent, drive
        found.append(upload)
    return found
