"""A drive: a tree of folders and files with a quota, on one backend."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from storage.models.backend import Backend
from storage.models.identifier import IdentifierField


class Drive(models.Model):
    """A tree of folders and files. ``used_bytes`` + ``reserved_bytes`` never exceed ``quota_bytes`` (None: no limit).

    ``used_bytes`` is the sum of the sizes of all versions in the drive (shared blobs count once per version);
    ``reserved_bytes`` the declared sizes of uploads under way, and of those that ended while links to the store live
    (``Tombstone``).
    """

    id = IdentifierField(primary_key=True)
    name = models.CharField(max_length=255)
    name_key = models.CharField(max_length=1020, unique=True)
    backend = models.ForeignKey(Backend, on_delete=models.PROTECT, related_name="drives")
    prefix = models.CharField(max_length=100, blank=True, default="")
    quota_bytes = models.BigIntegerField(null=True, blank=True)
    used_bytes = models.BigIntegerField(default=0)
    reserved_bytes = models.BigIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(used_bytes__gte=0), name="drive_used_not_negative"),
            models.CheckConstraint(condition=models.Q(reserved_bytes__gte=0), name="drive_reserved_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_archived(self) -> bool:
        """Whether everything in it stays as it is: it can be read, and nothing else."""
        return self.archived_at is not None

    @property
    def takes_bytes(self) -> bool:
        """Whether new bytes may be put into it. Looks at the backend too: load the drive with it."""
        return not self.is_archived and self.backend.writable
