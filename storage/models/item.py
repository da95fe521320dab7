"""One row for each child of the tree, folder or file, so that both share one namespace, one order and one page."""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce

from storage.models.drive import Drive
from storage.models.identifier import IdentifierField


class ItemKind(models.TextChoices):
    """What an item is."""

    FOLDER = "folder"
    FILE = "file"


class StoredObject(NamedTuple):
    """Where the bytes of a version are: a backend and a key in it."""

    backend_id: str
    key: str


class Item(models.Model):
    """A folder or a file; use ``Folder`` and ``File`` unless you mean both.

    ``parent`` is None for the root folder of a drive alone, which no client sees; it has the id of its drive, so that
    "lies in the root" is ``parent_id == drive_id`` and costs no look-up. ``name`` is what the person typed,
    ``name_key`` what is compared (NFC, case kept). ``size`` (bytes), ``content_type``, ``sha256`` (hex) describe the
    current version of a file, and are None for a folder. ``trash`` is the item whose move to the trash took this one
    along (itself included); None when it is not in the trash.

    ``ancestry`` (ids of the folders above, without the root folder, in no order), ``version_number`` and ``stored`` (of
    the current version) are not columns: selectors fill them so that a page costs no further statement. None when they
    were not asked for.
    """

    ancestry: tuple[str, ...] | None = None
    version_number: int | None = None
    stored: StoredObject | None = None

    id = IdentifierField(primary_key=True)
    kind = models.CharField(max_length=6, choices=ItemKind.choices)
    drive = models.ForeignKey(Drive, on_delete=models.CASCADE, related_name="items", db_index=False)
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="children", db_index=False)
    name = models.CharField(max_length=255)
    name_key = models.CharField(max_length=1020)
    size = models.BigIntegerField(null=True)
    content_type = models.CharField(max_length=255, null=True)
    sha256 = models.CharField(max_length=64, null=True)
    current_version = models.ForeignKey("storage.FileVersion", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    trash = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    trashed_at = models.DateTimeField(null=True)
    trashed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["parent", "name_key"], condition=Q(trash__isnull=True), name="item_name_unique_in_parent"
            ),
            models.UniqueConstraint(fields=["drive"], condition=Q(parent__isnull=True), name="item_one_root_in_drive"),
            models.CheckConstraint(
                condition=Q(parent__isnull=False) | Q(id=F("drive_id")), name="item_root_has_id_of_its_drive"
            ),
        ]
        # Each order of a page has its index: by name within a folder it is the unique constraint above. All of them end
        # in the id, which breaks ties, so that a keyset page is read straight off the index.
        indexes = [
            models.Index(fields=["parent", "updated_at", "id"], name="item_by_parent_updated"),
            models.Index(F("parent"), Coalesce(F("size"), Value(-1)), F("id"), name="item_by_parent_size"),
            models.Index(fields=["drive", "name_key", "id"], name="item_by_drive_name"),
            models.Index(fields=["name_key", "id"], name="item_by_name"),
            models.Index(fields=["updated_at", "id"], name="item_by_updated"),
            models.Index(fields=["sha256"], condition=Q(sha256__isnull=False), name="item_by_sha256"),
            models.Index(fields=["trash"], condition=Q(trash__isnull=False), name="item_by_trash"),
            models.Index(fields=["drive", "trashed_at", "id"], condition=Q(trash__isnull=False), name="item_trashed"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_root(self) -> bool:
        """Whether this is the root folder of a drive."""
        return self.parent_id is None

    @property
    def is_trashed(self) -> bool:
        """Whether this is in the trash, by itself or with a folder above it."""
        return self.trash_id is not None
