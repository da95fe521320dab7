"""Items that were loaded together. What one of them is asked for is loaded for all, in one statement each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from schema.errors import BadUserInput
from schema.loaders.drive_page import DrivePage
from schema.loaders.share_page import share_nodes
from storage.models import Item, ItemKind
from storage.permissions import Permission, allowed
from storage.selectors import nodes
from storage.services import downloads, sharing

if TYPE_CHECKING:
    from schema.context import Context

_SHOWN = (
    Permission.VIEW,
    Permission.DOWNLOAD,
    Permission.EDIT,
    Permission.SHARE,
    Permission.DELETE,
    Permission.UPLOAD,
)
_NOTHING: frozenset[Permission] = frozenset()


class ItemPage:
    """A page of items, all of which the viewer may see."""

    def __init__(self, context: Context, rows: Sequence[Item]) -> None:
        self.context = context
        self._rows = rows

    def granted(self, row: Item) -> frozenset[Permission]:
        """Return what the viewer may do with an item, as a projection of her grants."""
        return self._granted.get(row.id, _NOTHING)

    def link(self, row: Item, disposition: str, expires_in: int | None) -> downloads.DownloadLink | None:
        """Return a signed link to a file; None when the viewer may not download it. Raises BadUserInput."""
        if expires_in is not None and expires_in < 1:
            raise BadUserInput("expiresIn must be at least 1 second.")
        if Permission.DOWNLOAD not in self.granted(row):
            return None
        return downloads.link(
            self.context.actor,
            row,
            disposition=_DISPOSITIONS[disposition],
            expires_in=expires_in,
            now=self.context.now,
        )

    def creator(self, row: Item) -> Any:
        """Return the account that created an item; None when it is gone."""
        user = self._creators.get(row.created_by_id or "")
        return None if user is None else self.context.nodes.user(user)

    def drive(self, row: Item) -> Any:
        """Return the drive of an item; None when the viewer may not see it."""
        found = self._drives.get(row.drive_id)
        return None if found is None else self.context.nodes.drive(found, self._drive_page)

    def parent(self, row: Item) -> Any:
        """Return the folder or drive an item lies in; None when the viewer may not see it."""
        if row.parent_id == row.drive_id:
            return self.drive(row)
        found = self._parents.get(row.parent_id)
        return None if found is None else self.context.nodes.item(found, self._parent_page)

    def path(self, row: Item) -> str | None:
        """Return the way from the drive to an item; None when the viewer may not see all of it."""
        return self._paths.get(row.id)

    def version(self, row: Item) -> int:
        """Return the number of a file's version."""
        return row.version_number or self._versions.get(row.id, 1)

    def shares(self, row: Item) -> list[Any] | None:
        """Return the shares of an item; None when the viewer may not see them."""
        return self._shares.get(row.id)

    @cached_property
    def _granted(self) -> dict[str, frozenset[Permission]]:
        return allowed(self.context.actor, _SHOWN, self._rows)

    @cached_property
    def _creators(self) -> dict[str, Any]:
        return self.context.people.by_ids([row.created_by_id for row in self._rows if row.created_by_id])

    @cached_property
    def _drives(self) -> dict[str, Any]:
        return self.context.lists.drive_rows({row.drive_id for row in self._rows})

    @cached_property
    def _drive_page(self) -> DrivePage:
        return DrivePage(self.context, list(self._drives.values()))

    @cached_property
    def _parents(self) -> dict[str, Item]:
        wanted = {row.parent_id for row in self._rows if row.parent_id and row.parent_id != row.drive_id}
        return self.context.lists.folder_rows(wanted)

    @cached_property
    def _parent_page(self) -> ItemPage:
        return ItemPage(self.context, list(self._parents.values()))

    @cached_property
    def _paths(self) -> dict[str, str | None]:
        return nodes.paths(self.context.actor, self._rows)

    @cached_property
    def _versions(self) -> dict[str, int]:
        """For rows fresh from a service, which does not tell their version as selectors do."""
        rows = self.context.lists.file_rows([row.id for row in self._rows if row.kind == ItemKind.FILE])
        return {row.id: row.version_number or 1 for row in rows}

    @cached_property
    def _shares(self) -> dict[str, list[Any] | None]:
        return share_nodes(self.context, sharing.shares(self.context.actor, self._rows))


_DISPOSITIONS = {each.value: each for each in downloads.Disposition}
