"""A child of a drive or folder: what files and folders have in common."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.descriptions import field
from schema.ids import Kind, encode
from schema.loaders.node_page import NodePage
from schema.types import nodes
from schema.types.node import Node
from schema.types.user import User
from schema.types.viewer_permissions import ViewerPermissions
from storage.models import Item as ItemRow

if TYPE_CHECKING:
    from schema.types.container import Container
    from schema.types.drive import Drive
    from schema.types.share import Share


@strawberry.interface(description="A child of a drive or of a folder: a file or a folder.")
class Item(Node):
    """A row of the tree, in the company of the page it was loaded with."""

    row: strawberry.Private[ItemRow]
    page: strawberry.Private[NodePage]

    @field("An opaque id, unique in this service. It never changes.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(encode(Kind(self.row.kind), self.row.id))

    @field("Its name within its parent.")
    def name(self) -> str:
        return self.row.name

    @field("The drive it belongs to; null when the viewer may see the item but not the drive.")
    def drive(self) -> Annotated[Drive, strawberry.lazy("schema.types.drive")] | None:
        return nodes.drive_or_none(self.page.drive(self.row))

    @field("The folder or drive it lies in; null when the viewer may not see that.")
    def parent(self) -> Annotated[Container, strawberry.lazy("schema.types.container")] | None:
        return nodes.container_or_none(self.page.parent(self.row))

    @field('The way from its drive, such as "/a/b/c.txt"; null when the viewer may not see every folder on it.')
    def path(self) -> str | None:
        return self.page.path(self.row)

    @field("When it was created.")
    def created_at(self) -> datetime:
        return self.row.created_at

    @field("When its name, its place or its bytes last changed.")
    def updated_at(self) -> datetime:
        return self.row.updated_at

    @field("Who created it; null when that account is gone.")
    def created_by(self) -> User | None:
        creator = self.page.creator(self.row)
        return None if creator is None else User(row=creator)

    @field("When it was moved to the trash; null when it is not there.")
    def trashed_at(self) -> datetime | None:
        return self.row.trashed_at

    @field("What the viewer may do with it.")
    def viewer_can(self) -> ViewerPermissions:
        return ViewerPermissions(granted=self.page.granted(self.row))

    @field("With whom it is shared, here or further up; null for a viewer who may not share it.")
    def shares(self) -> list[Annotated[Share, strawberry.lazy("schema.types.share")]] | None:
        return nodes.shares(self.page.shares(self.row), self.page.share_page)
