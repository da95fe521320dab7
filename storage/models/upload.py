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

    RECEIVING goes back to OPEN when a PUT is interrupted, and VERIFYING (all bytes are stored and hashed, no file yet)
    when the bytes turn out not to be there. ``storage.services.uploads.states`` draws it, and alone writes it.
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
    the bytes are there already and need no transfer. ``file_id`` is the id that the file will have. An upload with a
    ``link_lifetime`` (seconds) is *direct*: it sends to the store itself, by links to the object of its present attempt
    that live no longer than that, nor than the upload. Nobody sees it arrive before finalize.
    ``declared_sha256`` is hex or empty; ``received_*`` are measured while the bytes arrive.
    """

    id = IdentifierField(primary_key=True)
    state = models.CharField(max_length=10, choices=UploadState.choices, default=UploadState.OPEN)
    failure = models.CharField(max_length=40, blank=True, default="")
    drive = models.ForeignKey(Drive, on_delete=models.CASCADE, related_name="uploads", db_index=False)
    parent = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+")
    actor = models.CharField(max_length=300)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    idempotency_key = models.CharField(max_length=100, null=True)
    name = models.CharField(max_length=255)
    on_conflict = models.CharField(max_length=7, choices=ConflictPolicy.choices, default=ConflictPolicy.FAIL)
    declared_size = models.BigIntegerField()
    declared_type = models.CharField(max_length=255, blank=True, default="")
    declared_sha256 = models.CharField(max_length=64, blank=True, default="")
    staging_key = models.CharField(max_length=200, default=new_identifier)
    attempt = models.PositiveIntegerField(default=0)
    link_lifetime = models.PositiveIntegerField(null=True)
    received_size = models.BigIntegerField(null=True)
    received_sha256 = models.CharField(max_length=64, blank=True, default="")
    received_type = models.CharField(max_length=255, blank=True, default="")
    blob = models.ForeignKey(Blob, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
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
        # An upload is live as long as it has not finished: said by the time and not by the state, so that a PUT, which
        # changes the state twice, touches no index. Each index costs every upload a page; the rest have to be worth it.
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(finished_at__isnull=True), name="upload_live_by_expiry"),
            models.Index(
                fields=["actor", "expires_at"], condition=Q(finished_at__isnull=True), name="upload_live_by_actor"
            ),
            # Whose object is this? Asked of the few objects of links that nothing else accounts for.
            models.Index(
                fields=["staging_key"], condition=Q(link_lifetime__isnull=False), name="upload_direct_by_staging_key"
            ),
            models.Index(fields=["blob"], condition=Q(blob__isnull=False), name="upload_by_blob"),
            # Grows at its end alone, once for each upload: what is old is forgotten without reading what is not.
            models.Index(fields=["finished_at"], condition=Q(finished_at__isnull=False), name="upload_by_end"),
        ]

    @property
    def direct(self) -> bool:
        """Whether its bytes go to the store itself, past us."""
        return self.link_lifetime is not None

    @property
    def is_borrowed(self) -> bool:
        """Whether its bytes were there before it, so that none were sent and no object is its own."""
        return self.attempt == 0 and self.received_size is not None
