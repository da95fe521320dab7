"""Look-ups: an actor's own uploads, and how their bytes are to be sent."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from authz.types import Actor
from storage import registry
from storage.errors import BackendUnavailable, NotFound
from storage.models import Upload
from storage.permissions import Permission, require_all
from storage.selectors.folders import folders
from storage.services.uploads import states
from storage.services.uploads.transport import AlreadyThere, Transport, transport_of


def get(actor: Actor, upload_id: str) -> Upload:
    """Return the actor's own upload; raises NotFound, also for another's."""
    upload = Upload.objects.filter(id=upload_id, actor=actor).first()
    if upload is None:
        raise NotFound
    return upload


def get_many(actor: Actor, upload_ids: Collection[str]) -> dict[str, Upload]:
    """Return by id those of the uploads that are the actor's own, in one statement."""
    return {upload.id: upload for upload in Upload.objects.filter(id__in=set(upload_ids), actor=actor)}


def transports(actor: Actor, uploads: Collection[Upload], *, now: datetime) -> dict[str, Transport | None]:
    """Return by id how to send the bytes of the actor's uploads, in two statements and one batch of questions at most.

    None for one that ended without a file, and while it is under way for an actor who may not upload there any more or
    when its store cannot be used just now.
    """
    parents = {folder.id: folder for folder in folders({each.parent_id for each in uploads if states.is_live(each)})}
    answers = require_all(actor, [(Permission.UPLOAD, parent) for parent in parents.values()]) if parents else []
    open_ids = {parent_id for parent_id, refusal in zip(parents, answers, strict=True) if refusal is None}
    drivers = {parent_id: registry.find(parents[parent_id].drive.backend) for parent_id in open_ids}

    def plan(upload: Upload) -> Transport | None:
        if not states.is_live(upload):
            return None if states.ending_of(upload) else AlreadyThere(upload.received_sha256)
        driver = drivers.get(upload.parent_id)
        if driver is None:
            return None
        upload.drive = parents[upload.parent_id].drive
        try:
            return transport_of(upload, driver, now=now)
        except BackendUnavailable:
            return None

    return {upload.id: plan(upload) for upload in uploads}
