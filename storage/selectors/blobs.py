"""Verified bytes, by what they are. **No permission is asked here.**"""

from __future__ import annotations

from collections.abc import Collection

from storage.models import Blob
from storage.tables import BLOBS, fetch, marks


def blobs(drive_ids: Collection[str], hashes: Collection[str]) -> list[Blob]:
    """Return the blobs of these drives with these SHA-256 (hex)."""
    rows = fetch(
        f"SELECT {BLOBS.columns} FROM storage_blob o WHERE o.drive_id IN ({marks(drive_ids)}) "  # noqa: S608
        f"AND o.sha256 IN ({marks(hashes)})",
        [*drive_ids, *hashes],
    )
    return [BLOBS.read(row) for row in rows]
