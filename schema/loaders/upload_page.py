"""Uploads that were loaded together, and the files they became."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from storage.models import NodeKind, NodeRef, Upload, UploadState

if TYPE_CHECKING:
    from schema.context import Context


class UploadPage:
    """A page of the viewer's own uploads."""

    def __init__(self, context: Context, rows: Sequence[Upload]) -> None:
        self.context = context
        self._rows = rows

    def file(self, row: Upload) -> Any:
        """Return the file an upload became; None before that, and when the viewer may not see it."""
        return self._files.get(row.file_id) if row.state == UploadState.READY else None

    @cached_property
    def _files(self) -> dict[str, Any]:
        ids = {row.file_id: None for row in self._rows if row.state == UploadState.READY}
        found = self.context.lists.by_refs([NodeRef(NodeKind.FILE, file_id) for file_id in ids])
        return dict(zip(ids, found, strict=True))
