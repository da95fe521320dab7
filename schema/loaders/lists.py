"""Lists and single nodes of the tree, found by selectors, each with the page it was loaded with."""

from __future__ import annotations

from collections.abc import Sequence

from schema.loaders.found_page import FoundPage
from schema.loaders.node_page import Loaded, NodePage
from schema.loaders.viewer import Viewer
from storage.models import Drive, Item, Node, NodeKind, NodeRef
from storage.selectors import drives, items, nodes
from storage.selectors.filters import FileFilter, ItemFilter
from storage.selectors.items import ItemOrder
from storage.selectors.pages import PageRequest


def children(
    viewer: Viewer, container: Node, request: PageRequest, order: ItemOrder, filter_: ItemFilter
) -> FoundPage[Item, NodePage]:
    """Return a page of what lies directly in a drive or folder."""
    page = items.children(viewer.actor, container, request, order=order, filter=filter_)
    return FoundPage(
        page,
        NodePage(viewer, page.rows),
        lambda: items.count_children(viewer.actor, container, filter=filter_),
    )


def trashed(viewer: Viewer, drive: Drive, request: PageRequest) -> FoundPage[Item, NodePage]:
    """Return a page of what was put into the trash of a drive and the viewer may delete."""
    page = items.trashed(viewer.actor, drive, request)
    return FoundPage(page, NodePage(viewer, page.rows), lambda: items.count_trashed(viewer.actor, drive))


def files(viewer: Viewer, request: PageRequest, order: ItemOrder, filter_: FileFilter) -> FoundPage[Item, NodePage]:
    """Return a page of all files."""
    page = items.files(viewer.actor, request, order=order, filter=filter_)
    return FoundPage(page, NodePage(viewer, page.rows), lambda: items.count_files(viewer.actor, filter=filter_))


def all_drives(viewer: Viewer, request: PageRequest) -> FoundPage[Drive, NodePage]:
    """Return a page of all drives."""
    page = drives.drives(viewer.actor, request)
    return FoundPage(page, NodePage(viewer, page.rows), lambda: drives.count_drives(viewer.actor))


def drive_by_name(viewer: Viewer, name: str) -> Loaded[Drive] | None:
    """Return the drive of a name; None when there is none to see."""
    row = drives.by_name(viewer.actor, name)
    return None if row is None else Loaded(row, NodePage(viewer, [row]))


def by_path(viewer: Viewer, drive_id: str, path: str) -> Loaded[Item] | None:
    """Return the item at a path of a drive that the viewer may see; None when there is none to see."""
    drive = nodes.by_id(viewer.actor, NodeRef(NodeKind.DRIVE, drive_id))
    row = nodes.by_path(viewer.actor, drive, path) if isinstance(drive, Drive) else None
    return Loaded(row, NodePage(viewer, [row])) if isinstance(row, Item) else None


def by_refs(viewer: Viewer, refs: Sequence[NodeRef]) -> dict[NodeRef, Loaded[Node]]:
    """Return what refs name, loaded together; what is not there to be seen is left out."""
    return NodePage.of_refs(viewer, list(dict.fromkeys(refs)))
