"""Single nodes, by id or by path, if the actor can see them: otherwise they are absent, which is the same answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from authz.errors import ConditionFailed
from authz.types import Actor
from storage import names
from storage.models import MAX_DEPTH, Drive, Item, Node, NodeKind, NodeRef
from storage.permissions import Permission, allowed, kind_of, sees
from storage.selectors import dialect
from storage.selectors.rows import item_columns, items
from storage.selectors.visible import VisibleItems
from storage.tables import fetch, marks


def by_id(actor: Actor, ref: NodeRef) -> Node | None:
    """Return a drive, folder or file that the actor can see, else None. One statement.

    What is in the trash is seen only by those who may delete it (one more statement, for such a row alone).
    """
    return by_ids(actor, [ref])[0]


def by_ids(actor: Actor, refs: Sequence[NodeRef]) -> list[Node | None]:
    """Return nodes in the order of ``refs``, None for each that is absent or hidden. One statement for each table.

    Where a condition is in the way of that, each is asked about by itself, and one that cannot be decided is hidden.
    """
    try:
        return _by_ids(actor, refs)
    except ConditionFailed:
        rows = {ref: row for ref, row in _unjudged(refs).items() if sees(actor, row)}
        return [rows.get(ref) for ref in refs]


def _unjudged(refs: Sequence[NodeRef]) -> dict[NodeRef, Node]:
    """Return what is there and not in the trash; whether it may be seen is asked of each row then."""
    keys = sorted({ref.id for ref in refs})
    here = f"n.id IN ({marks(keys)}) AND n.parent_id IS NOT NULL AND n.trash_id IS NULL"
    rows: list[Node] = [*Drive.objects.filter(id__in=keys)]
    rows += items(f"SELECT {item_columns()} FROM storage_item n WHERE {here}", keys)  # noqa: S608
    return {NodeRef(kind_of(row), row.id): row for row in rows}


def _by_ids(actor: Actor, refs: Sequence[NodeRef]) -> list[Node | None]:
    found: dict[NodeRef, Node] = {}
    drive_ids = {ref.id for ref in refs if ref.kind is NodeKind.DRIVE}
    item_ids = {ref.id for ref in refs if ref.kind is not NodeKind.DRIVE}
    if drive_ids:
        found.update((NodeRef(NodeKind.DRIVE, drive.id), drive) for drive in _drives(actor, drive_ids))
    if item_ids:
        found.update((NodeRef(NodeKind(item.kind), item.id), item) for item in _items(actor, item_ids))
    return [found.get(ref) for ref in refs]


def by_path(actor: Actor, drive: Drive, path: str) -> Node | None:
    """Return what stands at ``/a/b/c.txt`` in a drive, if the actor can see it; ``/`` is the drive itself.

    Names are compared by ``name_key``, empty parts are skipped. Folders on the way need not be visible. One statement.
    Raises ConditionFailed, whatever stands there, where a condition is in the way of all that the actor might see.
    """
    parts = [part for part in path.split("/") if part]
    if not parts:
        return by_id(actor, NodeRef(NodeKind.DRIVE, drive.id))
    if len(parts) > MAX_DEPTH + 1 or not names.may_be_stored(path):
        return None
    keys = [names.key(part) for part in parts]
    walk = (
        "walk(id, level) AS (SELECT CAST(%s AS varchar(26)), 0 UNION ALL"  # noqa: S608
        f" SELECT i.id, w.level + 1 FROM walk w JOIN {dialect.numbered('step')} ON step.key = w.level"
        " JOIN storage_item i ON i.parent_id = w.id AND i.name_key = step.value AND i.trash_id IS NULL)"
    )
    visible = VisibleItems.any(actor, Permission.VIEW).with_expression(walk, [drive.id, json.dumps(keys)])
    here = ("n.id = (SELECT id FROM walk WHERE level = %s)", [len(keys)])
    statement = visible.select(item_columns(), [here], "n.id", 1)
    return next(iter(items(statement.text, statement.params)), None)


def path_names(rows: Iterable[Item]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return by row id the folders above each item, from the top, as ``(id, name)``. One statement for a page.

    **No permission is asked**: names of folders that the actor cannot see are for the caller to leave out (``paths``).
    """
    rows = list(rows)
    parents = {row.parent_id for row in rows if row.parent_id != row.drive_id}
    above: dict[str, list[tuple[str, str]]] = {}
    if parents:
        rows_above = fetch(
            "SELECT c.descendant_id, f.id, f.name FROM storage_folderclosure c"  # noqa: S608
            f" JOIN storage_item f ON f.id = c.ancestor_id WHERE c.descendant_id IN ({marks(parents)})"
            " AND f.parent_id IS NOT NULL ORDER BY c.descendant_id, c.depth DESC",
            list(parents),
        )
        for descendant, folder_id, name in rows_above:
            above.setdefault(descendant, []).append((folder_id, name))
    return {row.id: tuple(above.get(row.parent_id, ())) for row in rows}


def paths(actor: Actor, rows: Sequence[Item]) -> dict[str, str | None]:
    """Return by row id the path ``/a/b/c.txt`` of each item; None where the actor cannot see all folders above it.

    Two statements for a page (one, when all lie in the root).
    """
    folders = path_names(rows)
    wanted = {folder_id for above in folders.values() for folder_id, _ in above}
    drive_of = {folder_id: row.drive_id for row in rows for folder_id, _ in folders[row.id]}
    seen = _visible_folders(actor, folders, drive_of) if wanted else frozenset()
    return {
        row.id: "/" + "/".join([*(name for _, name in folders[row.id]), row.name])
        if all(folder_id in seen for folder_id, _ in folders[row.id])
        else None
        for row in rows
    }


def _visible_folders(
    actor: Actor, folders: dict[str, tuple[tuple[str, str], ...]], drive_of: dict[str, str]
) -> frozenset[str]:
    """Judge the folders of paths without reading their rows: a path says what is above each of its folders."""
    rows: dict[str, Item] = {}
    for above in folders.values():
        for place, (folder_id, name) in enumerate(above):
            if folder_id not in rows:
                parent_id = above[place - 1][0] if place else drive_of[folder_id]
                row = Item(id=folder_id, kind="folder", drive_id=drive_of[folder_id], parent_id=parent_id, name=name)
                row.ancestry = tuple(each for each, _ in above[:place])
                rows[folder_id] = row
    flags = allowed(actor, [Permission.VIEW], list(rows.values()))
    return frozenset(folder_id for folder_id, rights in flags.items() if rights)


def _drives(actor: Actor, ids: Iterable[str]) -> list[Drive]:
    keys = sorted(ids)
    statement = VisibleItems.drives(actor, Permission.VIEW).select(
        "n.*", [(f"n.id IN ({marks(keys)})", keys)], "n.id", len(keys)
    )
    return list(Drive.objects.raw(statement.text, statement.params))


def _items(actor: Actor, ids: Iterable[str]) -> list[Item]:
    keys = sorted(ids)
    conditions = [(f"n.id IN ({marks(keys)})", keys), ("n.parent_id IS NOT NULL", [])]
    statement = VisibleItems.any(actor, Permission.VIEW).select(item_columns(), conditions, "n.id", len(keys))
    return _without_hidden_trash(actor, items(statement.text, statement.params))


def _without_hidden_trash(actor: Actor, rows: list[Item]) -> list[Item]:
    trashed = [row for row in rows if row.is_trashed]
    if not trashed:
        return rows
    rights = allowed(actor, [Permission.DELETE], trashed)
    return [row for row in rows if not row.is_trashed or rights[row.id]]
