"""Makes the API's objects of rows: the one place that knows which row becomes which type."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.models import Group as GroupRow
from accounts.models import User as UserRow
from schema.loaders.found_page import FoundPage
from schema.loaders.group_page import GroupPage
from schema.loaders.node_page import Loaded, NodePage, SharePage
from schema.loaders.viewer import Viewer
from schema.types.drive import Drive
from schema.types.file import File
from schema.types.folder import Folder
from schema.types.group import Group
from schema.types.item import Item
from schema.types.share import Share
from schema.types.user import User
from storage.models import Drive as DriveRow
from storage.models import Item as ItemRow
from storage.models import ItemKind
from storage.models import Node as NodeRow
from storage.services.sharing import Share as ShareRow


def item(row: ItemRow, page: NodePage) -> File | Folder:
    """Return the File or Folder of an item."""
    return File(row=row, page=page) if row.kind == ItemKind.FILE else Folder(row=row, page=page)


def items(viewer: Viewer, rows: Sequence[ItemRow]) -> list[File | Folder]:
    """Return files and folders that load together."""
    page = NodePage(viewer, rows)
    return [item(row, page) for row in rows]


def found_items(found: FoundPage[ItemRow, NodePage]) -> list[Item]:
    """Return the files and folders of a page of a list."""
    return [item(row, found.together) for row in found.rows]


def found_files(found: FoundPage[ItemRow, NodePage]) -> list[File]:
    """Return the files of a page of a list that has nothing else."""
    return [File(row=row, page=found.together) for row in found.rows]


def found_drives(found: FoundPage[DriveRow, NodePage]) -> list[Drive]:
    """Return the drives of a page of a list."""
    return [Drive(row=row, page=found.together) for row in found.rows]


def found_groups(found: FoundPage[GroupRow, GroupPage]) -> list[Group]:
    """Return the groups of a page of a list."""
    return [Group(row=row, page=found.together) for row in found.rows]


def groups(viewer: Viewer, rows: Sequence[GroupRow]) -> list[Group]:
    """Return groups that load together."""
    page = GroupPage(viewer, rows)
    return [Group(row=row, page=page) for row in rows]


def drive(viewer: Viewer, row: DriveRow) -> Drive:
    """Return the Drive of one drive."""
    return Drive(row=row, page=NodePage(viewer, [row]))


def folder(viewer: Viewer, row: ItemRow) -> Folder:
    """Return the Folder of one folder."""
    return Folder(row=row, page=NodePage(viewer, [row]))


def node(loaded: Loaded[NodeRow]) -> Drive | File | Folder:
    """Return the Drive, File or Folder of a row."""
    row, page = loaded
    return Drive(row=row, page=page) if isinstance(row, DriveRow) else item(row, page)


def node_or_none(loaded: Loaded[NodeRow] | None) -> Drive | File | Folder | None:
    """Return the Drive, File or Folder of a row, if there is one."""
    return None if loaded is None else node(loaded)


def drive_or_none(loaded: Loaded[DriveRow] | None) -> Drive | None:
    """Return the Drive of a row, if there is one."""
    return None if loaded is None else Drive(row=loaded.row, page=loaded.page)


def container_or_none(loaded: Loaded[NodeRow] | None) -> Drive | Folder | None:
    """Return the Drive or Folder of a row, if there is one."""
    found = node_or_none(loaded)
    return None if isinstance(found, File) else found


def file_or_none(loaded: Loaded[NodeRow] | None) -> File | None:
    """Return the File of a row, if there is one."""
    found = node_or_none(loaded)
    return found if isinstance(found, File) else None


def shares(rows: Sequence[ShareRow] | None, page: SharePage) -> list[Share] | None:
    """Return the Shares of a node; None when they are not to be seen."""
    return None if rows is None else [Share(row=row, page=page) for row in rows]


def subject(row: ShareRow, page: SharePage) -> User | Group | None:
    """Return the person or group of a share; None when it is gone or is neither."""
    found = page.subjects.of(row)
    if isinstance(found, UserRow):
        return User(row=found)
    return None if found is None else Group(row=found, page=page.subjects.group_page)
