"""What the rows tell authz about the tree: where each thing lies. None of it is written as tuples.

A list gets the tables to join (``EDGES``). A whole check and the flags of a page get the edges of their rows, as far as
the active model follows them: in a flat one nobody asks what lies above an ancestor.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from authz.services import visibility
from authz.services.visibility import ColumnEdge, ConstantEdge, Edge, JoinEdge, Rows, Structure, Told
from authz.types import ORGANIZATION, TupleKey, split_object
from storage.models import Drive, FolderClosure, Item, ItemKind, Node, NodeKind

EdgeMap = dict[tuple[str, str], Sequence[str]]
"""``(object, tupleset)`` to the objects it leads to."""

_OF_ITEMS: Mapping[str, Edge | tuple[Edge, ...]] = {
    "drive": ColumnEdge("drive", "drive_id"),
    # What lies in the root of a drive has the id of the drive as its parent.
    "parent": (
        ColumnEdge("folder", "parent_id", condition="{row}parent_id <> {row}drive_id"),
        ColumnEdge("drive", "parent_id", condition="{row}parent_id = {row}drive_id"),
    ),
    # By the parent, whose ancestors (itself among them) are those of the item. The root folder is among them too: no
    # grant ever stands on it.
    "ancestor": JoinEdge(
        "folder",
        "storage_folderclosure",
        "descendant_id",
        "ancestor_id",
        "parent_id",
        closes=frozenset({"parent", "ancestor"}),
    ),
}
_OF_THE_ORGANIZATION = ConstantEdge(*split_object(ORGANIZATION))
EDGES = Structure(
    {
        "backend": Rows("storage_backend", edges={"organization": _OF_THE_ORGANIZATION}),
        "drive": Rows(
            "storage_drive",
            edges={"organization": _OF_THE_ORGANIZATION, "backend": ColumnEdge("backend", "backend_id")},
        ),
        "folder": Rows(
            "storage_item", edges=_OF_ITEMS, condition="{row}kind = 'folder' AND {row}parent_id IS NOT NULL"
        ),
        "file": Rows("storage_item", edges=_OF_ITEMS, condition="{row}kind = 'file'"),
    }
)
"""Where the edges of the tree stand, for lists."""


def kind_of(row: Node) -> NodeKind:
    """Return what the row is to authz: the root folder of a drive counts as the drive."""
    if isinstance(row, Drive) or row.is_root:
        return NodeKind.DRIVE
    return NodeKind.FOLDER if row.kind == ItemKind.FOLDER else NodeKind.FILE


def object_of(row: Node) -> str:
    """Return the row's name in authz, such as ``"folder:<id>"``."""
    return f"{kind_of(row).value}:{row.id}"


def structure(rows: Iterable[Node], relations: Collection[str] | None = None) -> list[TupleKey]:
    """Return what the rows tell about their places, as far as questions about ``relations`` (None: any) follow it.

    One statement, and another one for each of two things that most models do not ask: in which order the folders above
    stand, and which backend a drive is on. Read afresh: no decision trusts what a page remembered.
    """
    rows = list(rows)
    nested = [row for row in rows if isinstance(row, Item) and not row.is_root and row.parent_id != row.drive_id]
    folders = FolderClosure.objects.above({row.parent_id for row in nested})
    above = {row.id: [each for each in folders.get(row.parent_id, ()) if each != row.drive_id] for row in nested}
    told = edges(rows, above, relations)
    return [TupleKey(target, tupleset, name) for (name, tupleset), targets in told.items() for target in targets]


def edges(rows: Iterable[Node], above: Mapping[str, Sequence[str]], relations: Collection[str] | None) -> EdgeMap:
    """Return the edges of the rows and of what they lead to, as far as questions about ``relations`` follow them.

    ``above`` has by row the ids of the folders above it, in any order.
    """
    rows = list(rows)
    names = {object_of(row): row for row in rows}
    kinds = {name.partition(":")[0] for name in names}
    asked = None if relations is None else frozenset((kind, each) for kind in kinds for each in relations)
    followed = visibility.followed(asked, EDGES)
    found: EdgeMap = {}
    for kind in kinds - {NodeKind.DRIVE}:
        prefix = f"{kind}:"
        items = {name: row for name, row in names.items() if name.startswith(prefix) and isinstance(row, Item)}
        _tell_items(found, kind, items, above, followed.own)
    _tell_drives(found, rows, followed.own | followed.beyond)
    if any(type_name == "folder" for type_name, _, _ in followed.beyond):
        _tell_folders_above(found, rows, followed.beyond)
    return found


def _tell_items(
    found: EdgeMap, kind: str, rows: Mapping[str, Item], above: Mapping[str, Sequence[str]], told: frozenset[Told]
) -> None:
    for name, row in rows.items():
        if (kind, "drive", "drive") in told:
            found[name, "drive"] = (f"drive:{row.drive_id}",)
        if (kind, "ancestor", "folder") in told:
            found[name, "ancestor"] = [f"folder:{folder}" for folder in above.get(row.id, ())]
        parent = "drive" if row.parent_id == row.drive_id else "folder"
        if (kind, "parent", parent) in told:
            found[name, "parent"] = (f"{parent}:{row.parent_id}",)


def _tell_drives(found: EdgeMap, rows: Iterable[Node], told: frozenset[Told]) -> None:
    ids = {row.id if isinstance(row, Drive) else row.drive_id for row in rows}
    if ("drive", "organization", "organization") in told:
        found.update(((f"drive:{each}", "organization"), (ORGANIZATION,)) for each in ids)
    if ("drive", "backend", "backend") in told:
        for drive_id, backend_id in Drive.objects.filter(id__in=ids).values_list("id", "backend_id"):
            found[f"drive:{drive_id}", "backend"] = (f"backend:{backend_id}",)
            if ("backend", "organization", "organization") in told:
                found[f"backend:{backend_id}", "organization"] = (ORGANIZATION,)


def _tell_folders_above(found: EdgeMap, rows: Iterable[Node], told: frozenset[Told]) -> None:
    """Tell the places of the folders above the rows, for a model that asks each of them about the next one."""
    drives = {
        row.parent_id: row.drive_id
        for row in rows
        if isinstance(row, Item) and row.parent_id not in (None, row.drive_id)
    }
    for parent_id, ladder in FolderClosure.objects.ladders(drives).items():
        drive_id = drives[parent_id]
        folders = [each for each in ladder if each != drive_id]
        for place, folder in enumerate(folders):
            name = f"folder:{folder}"
            further = folders[place + 1 :]
            if ("folder", "drive", "drive") in told:
                found[name, "drive"] = (f"drive:{drive_id}",)
            if ("folder", "ancestor", "folder") in told:
                found[name, "ancestor"] = [f"folder:{each}" for each in further]
            parent = f"folder:{further[0]}" if further else f"drive:{drive_id}"
            if ("folder", "parent", parent.partition(":")[0]) in told:
                found[name, "parent"] = (parent,)
