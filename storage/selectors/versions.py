"""Versions of files with their bytes. **No permission is asked here.**"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Max

from storage.models import FileVersion
from storage.tables import BACKENDS, BLOBS, ITEMS, VERSIONS, fetch


def version(version_id: str, file_id: str) -> FileVersion | None:
    """Return a version of a file that is not in the trash, with file, blob and backend. One statement."""
    rows = fetch(
        f"SELECT {VERSIONS.columns}, {ITEMS.columns}, {BLOBS.columns}, {BACKENDS.columns} "  # noqa: S608
        "FROM storage_fileversion v JOIN storage_item n ON n.id = v.file_id JOIN storage_blob o ON o.id = v.blob_id "
        "JOIN storage_backend b ON b.id = o.backend_id WHERE v.id = %s AND v.file_id = %s AND n.trash_id IS NULL",
        [version_id, file_id],
    )
    if not rows:
        return None
    (row,) = rows
    found = VERSIONS.read(row)
    found.file = ITEMS.read(row, VERSIONS.width)
    found.blob = BLOBS.read(row, VERSIONS.width + ITEMS.width)
    found.blob.backend = BACKENDS.read(row, VERSIONS.width + ITEMS.width + BLOBS.width)
    return found


def next_numbers(file_ids: Sequence[str]) -> dict[str, int]:
    """Return by file the number that its next version will have."""
    if not file_ids:
        return {}
    rows = FileVersion.objects.filter(file_id__in=file_ids).values_list("file_id").annotate(Max("number"))
    return {file_id: (highest or 0) + 1 for file_id, highest in rows}
