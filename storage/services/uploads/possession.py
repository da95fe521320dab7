"""Does somebody have these bytes already? A hash alone proves nothing, so only what she may download counts.

Asked when an upload declares a SHA-256 (to spare her the sending) and again when it is finalized.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from authz.types import Actor
from storage import content, permissions, registry
from storage.errors import BackendUnavailable
from storage.models import Blob, Item, ItemKind
from storage.permissions import Permission
from storage.selectors.blobs import blobs

_CANDIDATES = 5
"""Files of one content that are asked about. More copies than that, all of them closed to her but a later one, cost
her a transfer and nothing else."""


class Content(NamedTuple):
    """Bytes in a drive, by their SHA-256 (hex) and size."""

    drive_id: str
    sha256: str
    size: int


def find(actor: Actor, contents: Iterable[Content]) -> dict[Content, Blob]:
    """Return the blobs of those contents of which the actor may download a file whose current bytes they are.

    Of each content one file is asked about, all together; then, where that was refused, the next one.
    """
    files = {wanted: _files(wanted) for wanted in _kept(dict.fromkeys(contents))}
    found: dict[Content, Blob] = {}
    for place in range(_CANDIDATES):
        asking = {wanted: rows[place] for wanted, rows in files.items() if place < len(rows) and wanted not in found}
        if not asking:
            break
        verdicts = permissions.require_all(actor, [(Permission.DOWNLOAD, file) for file in asking.values()])
        for (wanted, file), refusal in zip(asking.items(), verdicts, strict=True):
            if refusal is None and file.current_version is not None:
                found[wanted] = file.current_version.blob
    return found


def _kept(contents: Collection[Content]) -> Collection[Content]:
    """Leave out of several contents, by one statement, those that no file of their drive has: mostly that is all."""
    if len(contents) < 2:
        return contents
    rows = blobs({each.drive_id for each in contents}, {each.sha256 for each in contents})
    there = {Content(blob.drive_id, blob.sha256, blob.size) for blob in rows}
    return [each for each in contents if each in there]


def _files(wanted: Content) -> list[Item]:
    rows = Item.objects.filter(
        drive_id=wanted.drive_id, kind=ItemKind.FILE, sha256=wanted.sha256, size=wanted.size, trash__isnull=True
    )
    return list(rows.select_related("current_version__blob__backend")[:_CANDIDATES])


def type_of(blob: Blob, name: str, declared: str) -> str | None:
    """Return the type that these bytes have under ``name``; None if the store does not show them just now.

    Where bytes are sent straight to the store, they are not asked for just to be looked at.
    """
    try:
        driver = registry.backend_for(blob.backend)
        if driver.supports_presigned_put:
            return content.supposed(name, declared)
        with driver.open_reader(blob.key) as reader:
            return content.sniff(reader.read(0, content.HEAD), name)
    except (BackendUnavailable, FileNotFoundError):
        return None
