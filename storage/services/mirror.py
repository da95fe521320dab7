"""Places of stores and of what lies in them, told to an OpenFGA store that has the tree too; else nothing is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager

from authz.services.remote import structure_mirror
from storage.models import Backend, FolderClosure, Item, ItemKind, Node
from storage.permissions import EDGES, object_of

_CHUNK = 500


def placed(rows: Iterable[Node | Backend]) -> None:
    """Tell of rows that this transaction has made."""
    if structure_mirror.is_on():
        names = [f"backend:{row.id}" if isinstance(row, Backend) else object_of(row) for row in rows]
        structure_mirror.placed(EDGES, names)


def moving(row: Item) -> AbstractContextManager[None]:
    """Return the block in which an item is put under another folder, with all below it."""
    return structure_mirror.moving(EDGES, object_of(row), lambda: _below(row))


def _below(row: Item) -> Iterator[list[str]]:
    if row.kind != ItemKind.FOLDER:
        return
    folder_ids = list(FolderClosure.objects.below(row.id))
    for start in range(0, len(folder_ids), _CHUNK):
        chunk = folder_ids[start : start + _CHUNK]
        yield [f"folder:{folder_id}" for folder_id in chunk if folder_id != row.id]
        files = Item.objects.filter(parent__in=chunk, kind=ItemKind.FILE).order_by("id")
        last = ""
        while ids := list(files.filter(id__gt=last).values_list("id", flat=True)[:_CHUNK]):
            last = ids[-1]
            yield [f"file:{file_id}" for file_id in ids]
