"""Uploads, as the outside sees them: begin, finalize, abort, look. The byte plane calls ``services.receiving``."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from authz.types import Actor
from storage.errors import Conflict, NotFound
from storage.models import Item, Upload, UploadState
from storage.permissions import Permission, require_all
from storage.services import transitions
from storage.services.beginning import BeginRequest, StartedUpload, begin
from storage.services.finalizing import FinalizedUpload, FinalizeRequest, finalize
from storage.services.transports import AlreadyThere, SinglePut, transport_of

__all__ = [
    "AlreadyThere",
    "BeginRequest",
    "FinalizeRequest",
    "FinalizedUpload",
    "SinglePut",
    "StartedUpload",
    "abort",
    "begin",
    "finalize",
    "get",
    "get_many",
    "transport_of",
    "transports",
]


def get(actor: Actor, upload_id: str) -> Upload:
    """Return the actor's own upload; raises NotFound, also for another's."""
    upload = Upload.objects.filter(id=upload_id, actor=actor).first()
    if upload is None:
        raise NotFound
    return upload


def get_many(actor: Actor, upload_ids: Collection[str]) -> dict[str, Upload]:
    """Return by id those of the uploads that are the actor's own, in one statement."""
    return {upload.id: upload for upload in Upload.objects.filter(id__in=set(upload_ids), actor=actor)}


def transports(actor: Actor, uploads: Collection[Upload]) -> dict[str, SinglePut | AlreadyThere | None]:
    """Return by id how to send the bytes of the actor's uploads, in two statements and one batch of questions at most.

    None for one that ended without a file, and while it is under way for an actor who may not upload there any more.
    """
    live = [upload for upload in uploads if transitions.is_live(upload)]
    parents = Item.objects.filter(trash__isnull=True).in_bulk({upload.parent_id for upload in live}) if live else {}
    answers = require_all(actor, [(Permission.UPLOAD, parent) for parent in parents.values()]) if parents else []
    open_ids = {parent_id for parent_id, refusal in zip(parents, answers, strict=True) if refusal is None}
    return {
        upload.id: transport_of(upload) if upload.parent_id in open_ids or not transitions.is_live(upload) else None
        for upload in uploads
    }


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
            transitions.hold([upload.drive_id])
            if not transitions.is_live(upload) or transitions.end(upload, upload.drive, UploadState.ABORTED, now=now):
                return upload
