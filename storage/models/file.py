"""Files and their versions."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from storage.models.blob import Blob
from storage.models.identifier import IdentifierField
from storage.models.item import Item, ItemKind


class FileManager(models.Manager["File"]):
    """Only the files among the items."""

    def get_queryset(self) -> models.QuerySet[File]:
        """Return the files."""
        return super().get_queryset().filter(kind=ItemKind.FILE)


class File(Item):
    """A file: it exists only once the bytes of its first version are verified."""

    objects: ClassVar[FileManager] = FileManager()

    class Meta:
        proxy = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if kwargs:
            kwargs.setdefault("kind", ItemKind.FILE)
        super().__init__(*args, **kwargs)


class FileVersion(models.Model):
    """One state of a file's bytes; replacing a file adds a version and keeps the file's id."""

    id = IdentifierField(primary_key=True)
    file = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="versions", db_index=False)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    content_type = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="version_number_unique_in_file")]
