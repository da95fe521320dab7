"""Lists and single nodes, loaded through selectors and handed out as nodes that share a page."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from schema.loaders.drive_page import DrivePage
from schema.loaders.found_page import FoundPage
from schema.loaders.item_page import ItemPage
from storage.models import Drive, Item, NodeKind, NodeRef
from storage.selectors import drives, items, nodes
from storage.selectors.filters import FileFilter, ItemFilter
from storage.selectors.items import ItemOrder
from storage.selectors.pages import PageRequest

if TYPE_CHECKING:
    from schema.context import Context


class Lists:
    """What the viewer may see, as nodes. Absent and not visible are the same here: None, or not in the page."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def item_nodes(self, rows: Sequence[Item]) -> list[Any]:
        """Return nodes that load together."""
        page = ItemPage(self._context, rows)
        return [self._context.nodes.item(row, page) for row in rows]

    def item_node(self, row: Item) -> Any:
        """Return the node of one item."""
        return self.item_nodes([row])[0]

    def drive_nodes(self, rows: Sequence[Drive]) -> list[Any]:
        """Return nodes that load together."""
        page = DrivePage(self._context, rows)
        return [self._context.nodes.drive(row, page) for row in rows]

    def drive_node(self, row: Drive) -> Any:
        """Return the node of one drive."""
        return self.drive_nodes([row])[0]

    def children(
        self, container: Item | Drive, request: PageRequest, order: ItemOrder, filter_: ItemFilter
    ) -> FoundPage:
        """Return a page of what lies directly in a drive or folder."""
        actor = self._context.actor
        page = items.children(actor, container, request, order=order, filter=filter_)
        return FoundPage(
            self.item_nodes(page.rows), page, lambda: items.count_children(actor, container, filter=filter_)
        )

    def trashed(self, drive: Drive, request: PageRequest) -> FoundPage:
        """Return a page of what was put into the trash of a drive and the viewer may delete."""
        actor = self._context.actor
        page = items.trashed(actor, drive, request)
        return FoundPage(self.item_nodes(page.rows), page, lambda: items.count_trashed(actor, drive))

    def files(self, request: PageRequest, order: ItemOrder, filter_: FileFilter) -> FoundPage:
        """Return a page of all files."""
        actor = self._context.actor
        page = items.files(actor, request, order=order, filter=filter_)
        return FoundPage(self.item_nodes(page.rows), page, lambda: items.count_files(actor, filter=filter_))

    def drives(self, request: PageRequest) -> FoundPage:
        """Return a page of all drives."""
        actor = self._context.actor
        page = drives.drives(actor, request)
        return FoundPage(self.drive_nodes(page.rows), page, lambda: drives.count_drives(actor))

    def drive_by_name(self, name: str) -> Any:
        """Return the drive of a name; None when there is none to see."""
        # No name holds a NUL character, and PostgreSQL cannot be asked for one.
        row = None if "\0" in name else drives.by_name(self._context.actor, name)
        return None if row is None else self.drive_node(row)

    def by_path(self, drive_id: str, path: str) -> Any:
        """Return the item at a path of a drive that the viewer may see; None when there is none to see."""
        if "\0" in path:
            return None
        actor = self._context.actor
        drive = nodes.by_id(actor, NodeRef(NodeKind.DRIVE, drive_id))
        row = nodes.by_path(actor, drive, path) if isinstance(drive, Drive) else None
        return self.item_node(row) if isinstance(row, Item) else None

    def file(self, row_id: str) -> Any:
        """Return the file of a row id; None when there is none to see."""
        return self.by_refs([NodeRef(NodeKind.FILE, row_id)])[0]

    def by_refs(self, refs: Sequence[NodeRef]) -> list[Any]:
        """Return the nodes that refs name, in their order; None for those that are not there to be seen."""
        rows = nodes.by_ids(self._context.actor, list(dict.fromkeys(refs))) if refs else []
        drive_page = DrivePage(self._context, [row for row in rows if isinstance(row, Drive)])
        item_page = ItemPage(self._context, [row for row in rows if isinstance(row, Item)])
        made = {
            ref: self._context.nodes.drive(row, drive_page)
            if isinstance(row, Drive)
            else self._context.nodes.item(row, item_page)
            for ref, row in zip(dict.fromkeys(refs), rows, strict=True)
            if row is not None
        }
        return [made.get(ref) for ref in refs]

    def file_rows(self, ids: Sequence[str]) -> list[Item]:
        """Return the visible files of these row ids."""
        rows = nodes.by_ids(self._context.actor, [NodeRef(NodeKind.FILE, row_id) for row_id in ids]) if ids else []
        return [row for row in rows if isinstance(row, Item)]

    def folder_rows(self, ids: Collection[str]) -> dict[str, Item]:
        """Return the visible folders of these row ids, by id."""
        rows = nodes.by_ids(self._context.actor, [NodeRef(NodeKind.FOLDER, row_id) for row_id in ids]) if ids else []
        return {row.id: row for row in rows if isinstance(row, Item)}

    def drive_rows(self, ids: Collection[str]) -> dict[str, Drive]:
        """Return the visible drives of these row ids, by id."""
        rows = nodes.by_ids(self._context.actor, [NodeRef(NodeKind.DRIVE, row_id) for row_id in ids]) if ids else []
        return {row.id: row for row in rows if isinstance(row, Drive)}
