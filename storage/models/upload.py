"""An upload: its own row and state machine; a file exists only once the bytes are verified."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from authz.identifiers import new_identifier
from storage.models.blob import Blob
from storage.models.drive import Drive
from storage.models.identifier import IdentifierField
from storage.models.item import Item


class UploadState(models.TextChoices):
    """OPEN -> RECEIVING -> VERIFYING -> READY, and ABORTED | EXPIRED | FAILED from each of the first three.

    RECEIVING goes back to OPEN when a PUT is interrupted. VERIFYING: all bytes are stored and hashed, no file yet.
    """

    OPEN = "open"
    RECEIVING = "receiving"
    VERIFYING = "verifying"
    READY = "ready"
    ABORTED = "aborted"
    EXPIRED = "expired"
    FAILED = "failed"


LIVE_STATES = (UploadState.OPEN, UploadState.RECEIVING, UploadState.VERIFYING)
"""States that hold a reservation of the drive's quota."""


class ConflictPolicy(models.TextChoices):
    """What finalize does when the folder has an item of that name."""

    FAIL = "fail"
    RENAME = "rename"
    REPLACE = "replace"


class Upload(models.Model):
    """The way of some bytes into a folder.

    ``attempt`` counts PUTs and is the fence: only the holder of the newest number may change the row, and each attempt
    writes its own object (``staging_key`` + attempt), so that no writer can touch another's bytes. ``blob`` is set when
    the bytes are there already and need no transfer. ``file_id`` is the id that the file will have.
    ``declared_sha256`` is hex or empty; ``received_*`` are measured while the bytes arrive.
    """

    id = IdentifierField(primary_key=True)
    state = models.CharField(max_length=10, choices=UploadState.choices, default=UploadState.OPEN)
    failure = models.CharField(max_length=40, blank=True, default="")
    drive = models.ForeignKey(Drive, on_delete=models.CASCADE, related_name="uploads")
    parent = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+")
    actor = models.CharField(max_length=300)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    idempotency_key = models.CharField(max_length=100, null=True)
    name = models.CharField(max_length=255)
    on_conflict = models.CharField(max_length=7, choices=ConflictPolicy.choices, default=ConflictPolicy.FAIL)
    declared_size = models.BigIntegerField()
    declared_type = models.CharField(max_length=255, blank=True, default="")
    declared_sha256 = models.CharField(max_length=64, blank=True, default="")
    staging_key = models.CharField(max_length=200, default=new_identifier)
    attempt = models.PositiveIntegerField(default=0)
    received_size = models.BigIntegerField(null=True)
    received_sha256 = models.CharField(max_length=64, blank=True, default="")
    received_type = models.CharField(max_length=255, blank=True, default="")
    blob = models.ForeignKey(Blob, null=True, on_delete=models.SET_NULL, related_name="+")
    file_id = models.CharField(max_length=26, default=new_identifier)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["actor", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="upload_idempotency_key_unique_for_actor",
            )
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=Q(state__in=["open", "receiving", "verifying"]),
                name="upload_live_by_expiry",
            ),
            models.Index(fields=["actor", "state"], name="upload_by_actor"),
        ]
