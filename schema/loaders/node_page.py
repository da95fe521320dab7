"""Drives, folders and files that were loaded together, and their shares.

What one of them is asked for is loaded for all, in one statement each. A neighbour comes with the page it shares with
the neighbours of the others, so that the next step is loaded together too. Shares stand here because they lead back:
a node has shares, and a share has a node.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Generic, NamedTuple, TypeVar

from accounts.models import User
from accounts.services import users
from schema.errors import BadUserInput
from schema.loaders.subjects import Subjects
from schema.loaders.viewer import Viewer
from storage.models import Drive, Item, ItemKind, Node, NodeKind, NodeRef
from storage.permissions import Permission, allowed
from storage.selectors import nodes
from storage.services import downloads, sharing

Row = TypeVar("Row", covariant=True)

_SHOWN = (
    Permission.VIEW,
    Permission.DOWNLOAD,
    Permission.EDIT,
    Permission.SHARE,
    Permission.DELETE,
    Permission.UPLOAD,
)
_NOTHING: frozenset[Permission] = frozenset()
_DISPOSITIONS = {each.value: each for each in downloads.Disposition}


class Loaded(NamedTuple, Generic[Row]):
    """A row and the page that it was loaded with."""

    row: Row
    page: NodePage


class NodePage:
    """A page of nodes, all of which the viewer may see."""

    def __init__(self, viewer: Viewer, rows: Sequence[Node]) -> None:
        self.viewer = viewer
        self._rows = rows

    @classmethod
    def of_refs(cls, viewer: Viewer, refs: Sequence[NodeRef]) -> dict[NodeRef, Loaded[Node]]:
        """Load what refs name and the viewer may see; the others are left out. One statement for each table."""
        found = nodes.by_ids(viewer.actor, refs) if refs else []
        page = cls(viewer, [row for row in found if row is not None])
        return {ref: Loaded(row, page) for ref, row in zip(refs, found, strict=True) if row is not None}

    def granted(self, row: Node) -> frozenset[Permission]:
        """Return what the viewer may do with a node, as a projection of her grants."""
        return self._granted.get(row.id, _NOTHING)

    def link(
        self, row: Item, disposition: str, expires_in: int | None
    ) -> downloads.DownloadLink | downloads.DirectLink | None:
        """Return a signed link to a file; None when the viewer may not download it. Raises BadUserInput.

        None in the trash, too: there it would lead to nothing.
        """
        if expires_in is not None and expires_in < 1:
            raise BadUserInput("expiresIn must be at least 1 second.")
        if row.is_trashed or Permission.DOWNLOAD not in self.granted(row):
            return None
        return downloads.link(
            self.viewer.actor,
            row if row.stored is not None else self._told.get(row.id, row),
            disposition=_DISPOSITIONS[disposition],
            expires_in=expires_in,
            now=self.viewer.now,
        )

    def creator(self, row: Item) -> User | None:
        """Return the account that created an item; None when it is gone."""
        return self._creators.get(row.created_by_id or "")

    def drive(self, row: Item) -> Loaded[Drive] | None:
        """Return the drive of an item; None when the viewer may not see it."""
        found = self._drives.get(NodeRef(NodeKind.DRIVE, row.drive_id))
        return Loaded(found.row, found.page) if found is not None and isinstance(found.row, Drive) else None

    def parent(self, row: Item) -> Loaded[Node] | None:
        """Return the folder or drive an item lies in; None when the viewer may not see it."""
        if row.parent_id == row.drive_id:
            return self.drive(row)
        return self._parents.get(NodeRef(NodeKind.FOLDER, row.parent_id or ""))

    def path(self, row: Item) -> str | None:
        """Return the way from the drive to an item; None when the viewer may not see all of it."""
        return self._paths.get(row.id)

    def version(self, row: Item) -> int:
        """Return the number of a file's version."""
        known = row.version_number or self._told.get(row.id, row).version_number
        return known or 1

    def shares(self, row: Node) -> list[sharing.Share] | None:
        """Return the shares of a node; None when the viewer may not see them."""
        return self._shares.get(row.id)

    @cached_property
    def share_page(self) -> SharePage:
        """All the shares of all the nodes."""
        return SharePage(self.viewer, [share for shares in self._shares.values() for share in shares or ()])

    @cached_property
    def _items(self) -> list[Item]:
        return [row for row in self._rows if isinstance(row, Item)]

    @cached_property
    def _granted(self) -> dict[str, frozenset[Permission]]:
        return allowed(self.viewer.actor, _SHOWN, self._rows)

    @cached_property
    def _creators(self) -> dict[str, User]:
        return users.by_ids(row.created_by_id for row in self._items if row.created_by_id)

    @cached_property
    def _drives(self) -> dict[NodeRef, Loaded[Node]]:
        ids = {row.drive_id: None for row in self._items}
        return NodePage.of_refs(self.viewer, [NodeRef(NodeKind.DRIVE, each) for each in ids])

    @cached_property
    def _parents(self) -> dict[NodeRef, Loaded[Node]]:
        ids = {row.parent_id: None for row in self._items if row.parent_id and row.parent_id != row.drive_id}
        return NodePage.of_refs(self.viewer, [NodeRef(NodeKind.FOLDER, each) for each in ids])

    @cached_property
    def _paths(self) -> dict[str, str | None]:
        return nodes.paths(self.viewer.actor, self._items)

    @cached_property
    def _told(self) -> dict[str, Item]:
        """The files again, for rows fresh from a service, which does not tell of their version what selectors do."""
        refs = [NodeRef(NodeKind.FILE, row.id) for row in self._items if row.kind == ItemKind.FILE]
        found = nodes.by_ids(self.viewer.actor, refs) if refs else []
        return {row.id: row for row in found if isinstance(row, Item)}

    @cached_property
    def _shares(self) -> dict[str, list[sharing.Share] | None]:
        return sharing.shares(self.viewer.actor, self._rows)


class SharePage:
    """Shares that were loaded together, and what they speak of: loaded for all, when one is asked for."""

    def __init__(self, viewer: Viewer, shares: Sequence[sharing.Share]) -> None:
        self._viewer = viewer
        self._shares = shares

    @cached_property
    def subjects(self) -> Subjects:
        """To whom they were given."""
        return Subjects(self._viewer, self._shares)

    def target(self, share: sharing.Share) -> Loaded[Node] | None:
        """Return the node a share was given on; None when the viewer may not see it."""
        return self._targets.get(share.node)

    @cached_property
    def _targets(self) -> dict[NodeRef, Loaded[Node]]:
        return NodePage.of_refs(self._viewer, list({share.node: None for share in self._shares}))
