"""Makes the API's objects of rows: the one place that knows which row becomes which type."""

from __future__ import annotations

from accounts.models import User as UserRow
from schema.loaders.drive_page import DrivePage
from schema.loaders.item_page import ItemPage
from schema.loaders.share_page import SharePage
from schema.types.drive import Drive
from schema.types.file import File
from schema.types.folder import Folder
from schema.types.share import Share
from schema.types.user import User
from storage.models import Drive as DriveRow
from storage.models import Item as ItemRow
from storage.models import ItemKind
from storage.services.sharing import Share as ShareRow


class NodeFactory:
    """Implements ``schema.context.Nodes``."""

    def item(self, row: ItemRow, page: ItemPage) -> File | Folder:
        """Return the File or Folder of an item."""
        return File(row=row, page=page) if row.kind == ItemKind.FILE else Folder(row=row, page=page)

    def drive(self, row: DriveRow, page: DrivePage) -> Drive:
        """Return the Drive of a drive."""
        return Drive(row=row, page=page)

    def user(self, row: UserRow) -> User:
        """Return the User of a user."""
        return User(row=row)

    def share(self, row: ShareRow, page: SharePage) -> Share:
        """Return the Share of a share."""
        return Share(row=row, page=page)
