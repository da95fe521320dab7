"""Uploads that were loaded together, and the files they became."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from schema.loaders.node_page import Loaded, NodePage
from schema.loaders.viewer import Viewer
from storage.models import Node, NodeKind, NodeRef, Upload, UploadState
from storage.services import uploads
from storage.services.uploads import Transport


class UploadPage:
    """A page of the viewer's own uploads. ``plans``: what begin has just answered, by id; it is not asked again."""

    def __init__(
        self,
        viewer: Viewer,
        rows: Sequence[Upload],
        plans: Mapping[str, Transport | None] | None = None,
    ) -> None:
        self.viewer = viewer
        self._rows = rows
        self._given = plans

    def transport(self, row: Upload) -> Transport | None:
        """Return how to send the bytes; None once it ended, and for a viewer who may not upload there any more."""
        return self._plans[row.id]

    def file(self, row: Upload) -> Loaded[Node] | None:
        """Return the file an upload became; None before that, and when the viewer may not see it."""
        return self._files.get(NodeRef(NodeKind.FILE, row.file_id)) if row.state == UploadState.READY else None

    @cached_property
    def _plans(self) -> Mapping[str, Transport | None]:
        if self._given is not None:
            return self._given
        return uploads.transports(self.viewer.actor, self._rows, now=self.viewer.now)

    @cached_property
    def _files(self) -> dict[NodeRef, Loaded[Node]]:
        ids = {row.file_id: None for row in self._rows if row.state == UploadState.READY}
        return NodePage.of_refs(self.viewer, [NodeRef(NodeKind.FILE, file_id) for file_id in ids])
