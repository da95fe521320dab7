"""Folders, and the closure table that answers for ancestors and subtrees."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from django.db import connections, models

from storage.models.item import Item, ItemKind

MAX_DEPTH = 200
"""Levels of folders below the root of a drive."""


class FolderManager(models.Manager["Folder"]):
    """Only the folders among the items."""

    def get_queryset(self) -> models.QuerySet[Folder]:
        """Return the folders."""
        return super().get_queryset().filter(kind=ItemKind.FOLDER)


class Folder(Item):
    """A folder of a drive."""

    objects: ClassVar[FolderManager] = FolderManager()

    class Meta:
        proxy = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if kwargs:
            kwargs.setdefault("kind", ItemKind.FOLDER)
        super().__init__(*args, **kwargs)


class FolderClosureManager(models.Manager["FolderClosure"]):
    """Keeps the closure equal to the tree. The caller holds the lock of the drive."""

    def add(self, folder_id: str, parent_id: str | None) -> None:
        """Insert the rows of a new folder without children; ``parent_id`` is None for the root of a drive."""
        self._execute(
            "INSERT INTO storage_folderclosure (ancestor_id, descendant_id, depth)"
            " SELECT ancestor_id, %s, depth + 1 FROM storage_folderclosure WHERE descendant_id = %s"
            " UNION ALL SELECT %s, %s, 0",
            [folder_id, parent_id, folder_id, folder_id],
        )

    def move(self, folder_id: str, parent_id: str) -> None:
        """Put a folder with all below it under another parent, which is not itself below it."""
        subtree = "(SELECT descendant_id FROM storage_folderclosure WHERE ancestor_id = %s)"
        self._execute(
            f"DELETE FROM storage_folderclosure WHERE descendant_id IN {subtree} AND ancestor_id NOT IN {subtree}",  # noqa: S608
            [folder_id, folder_id],
        )
        self._execute(
            "INSERT INTO storage_folderclosure (ancestor_id, descendant_id, depth)"
            " SELECT above.ancestor_id, below.descendant_id, above.depth + below.depth + 1"
            " FROM storage_folderclosure above CROSS JOIN storage_folderclosure below"
            " WHERE above.descendant_id = %s AND below.ancestor_id = %s",
            [parent_id, folder_id],
        )

    def above(self, folder_ids: Collection[str]) -> dict[str, list[str]]:
        """Return by folder its own id and those of all folders above it, the root folder included, in no order."""
        found: dict[str, list[str]] = {}
        if not folder_ids:
            return found
        marks = ", ".join(["%s"] * len(folder_ids))
        with connections[self.db].cursor() as cursor:
            cursor.execute(
                f"SELECT descendant_id, ancestor_id FROM storage_folderclosure WHERE descendant_id IN ({marks})",  # noqa: S608
                list(folder_ids),
            )
            for descendant, ancestor in cursor.fetchall():
                found.setdefault(descendant, []).append(ancestor)
        return found

    def ladders(self, folder_ids: Collection[str]) -> dict[str, list[str]]:
        """Return as ``above`` does, from the folder itself up to the root folder."""
        found: dict[str, list[str]] = {}
        rows = self.filter(descendant__in=list(folder_ids)).order_by("descendant", "depth")
        for descendant, ancestor in rows.values_list("descendant_id", "ancestor_id"):
            found.setdefault(descendant, []).append(ancestor)
        return found

    def below(self, folder_id: str) -> models.QuerySet[FolderClosure, str]:
        """Return the ids of the folder and of all folders below it, as a query to read or to put into another one."""
        return self.filter(ancestor=folder_id).values_list("descendant_id", flat=True)

    def depth(self, folder_id: str) -> int:
        """Return how many levels the folder is below the root of its drive (the root itself: 0)."""
        return self.filter(descendant=folder_id).aggregate(depth=models.Max("depth"))["depth"] or 0

    def height(self, folder_id: str) -> int:
        """Return how many levels of folders there are below the folder."""
        return self.filter(ancestor=folder_id).aggregate(height=models.Max("depth"))["height"] or 0

    def covers(self, folder_id: str, other_id: str) -> bool:
        """Return whether the other folder is this one or below it."""
        return self.filter(ancestor=folder_id, descendant=other_id).exists()

    def _execute(self, sql: str, params: list[str | None]) -> None:
        with connections[self.db].cursor() as cursor:
            cursor.execute(sql, params)


class FolderClosure(models.Model):
    """``ancestor`` is ``depth`` levels above ``descendant``; every folder is its own ancestor at depth 0."""

    id = models.BigAutoField(primary_key=True)
    ancestor = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+", db_index=False)
    descendant = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+", db_index=False)
    depth = models.PositiveSmallIntegerField()

    objects = FolderClosureManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ancestor", "descendant"], name="closure_by_ancestor"),
            models.UniqueConstraint(fields=["descendant", "ancestor"], name="closure_by_descendant"),
        ]
