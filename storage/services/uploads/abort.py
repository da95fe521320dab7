"""Abort: an upload is given up by whoever began it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from authz.types import Actor
from storage.errors import Conflict, NotFound
from storage.models import Upload, UploadState
from storage.selectors.locks import hold_drives
from storage.services.uploads import states


def abort(actor: Actor, upload_id: str, *, now: datetime) -> Upload:
    """End the actor's own upload and give back its reservation; a PUT under way fails at its end.

    An upload that ended without a file stays as it is. Raises NotFound, Conflict for one that is a file already.
    """
    while True:
        with transaction.atomic():
            upload = Upload.objects.filter(id=upload_id, actor=actor).select_related("drive").first()
            if upload is None:
                raise NotFound
            if upload.state == UploadState.READY:
                raise Conflict("This upload is a file already; move the file to the trash instead.")
            hold_drives([upload.drive_id])
            if not states.is_live(upload) or states.end(upload, upload.drive, UploadState.ABORTED, now=now):
                return upload
