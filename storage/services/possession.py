"""Does somebody have these bytes already? A hash alone proves nothing, so only what she may download counts.

Asked when an upload declares a SHA-256 (to spare her the sending) and again when it is finalized.
"""

from __future__ import annotations

from authz.types import Actor
from storage import content, permissions, registry
from storage.errors import BackendUnavailable
from storage.models import Blob, Item, ItemKind
from storage.permissions import Permission

_CANDIDATES = 5
"""Files of one content that are asked about. More copies than that, all of them closed to her but a later one, cost
her a transfer and nothing else."""


def find(actor: Actor, drive_id: str, sha256: str, size: int) -> Blob | None:
    """Return the blob of that content in the drive, if the actor may download a file whose current bytes it is."""
    files = list(
        Item.objects.filter(
            drive_id=drive_id, kind=ItemKind.FILE, sha256=sha256, size=size, trash__isnull=True
        ).select_related("current_version__blob__backend")[:_CANDIDATES]
    )
    if not files:
        return None
    verdicts = permissions.require_all(actor, [(Permission.DOWNLOAD, file) for file in files])
    for file, refusal in zip(files, verdicts, strict=True):
        if refusal is None and file.current_version is not None:
            return file.current_version.blob
    return None


def type_of(blob: Blob, name: str) -> str | None:
    """Return the type that these bytes have under ``name``; None if the store does not show them just now."""
    try:
        with registry.backend_for(blob.backend).open_reader(blob.key) as reader:
            return content.sniff(reader.read(0, content.HEAD), name)
    except (BackendUnavailable, FileNotFoundError):
        return None
