"""Bytes under an opaque key, and the bytes that are waiting to be deleted."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from storage.models.backend import Backend
from storage.models.drive import Drive
from storage.models.identifier import IdentifierField


class Blob(models.Model):
    """Verified bytes in a backend. One blob may serve many versions of one drive; it goes when the last one does."""

    id = IdentifierField(primary_key=True)
    drive = models.ForeignKey(Drive, on_delete=models.PROTECT, related_name="blobs", db_index=False)
    backend = models.ForeignKey(Backend, on_delete=models.PROTECT, related_name="blobs", db_index=False)
    key = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["backend", "key"], name="blob_key_unique_in_backend"),
            models.UniqueConstraint(fields=["drive", "sha256", "size"], name="blob_content_unique_in_drive"),
        ]


class Tombstone(models.Model):
    """Bytes that no row uses, to be deleted after ``delete_after``: tombstone, commit, grace, unlink, forget.

    One with a ``drive`` *holds*: of an upload that ended while links to its object may live. Until the object has been
    looked for after their end, ``held_bytes`` are reserved in the drive, and count as an upload under way of ``actor``.
    """

    id = models.BigAutoField(primary_key=True)
    backend = models.ForeignKey(Backend, on_delete=models.PROTECT, related_name="tombstones", db_index=False)
    key = models.CharField(max_length=255)
    delete_after = models.DateTimeField(db_index=True)
    drive = models.ForeignKey(Drive, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    actor = models.CharField(max_length=300, null=True)
    held_bytes = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["backend", "key"], name="tombstone_key_unique_in_backend"),
            models.CheckConstraint(
                condition=Q(drive=None, actor=None, held_bytes=None)
                | Q(drive__isnull=False, actor__isnull=False, held_bytes__isnull=False),
                name="tombstone_holds_all_or_nothing",
            ),
        ]
        indexes = [models.Index(fields=["actor"], condition=Q(actor__isnull=False), name="tombstone_held_by_actor")]

    @property
    def holds(self) -> bool:
        """Whether a reservation waits for it."""
        return self.held_bytes is not None
