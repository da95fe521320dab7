"""A drive."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.descriptions import field
from schema.ids import Kind, encode
from schema.loaders import lists
from schema.loaders.node_page import NodePage
from schema.scalars import BigInt
from schema.types import nodes
from schema.types.connections import After, Before, First, ItemConnection, Last
from schema.types.node import Node
from schema.types.ordering import ItemFilter, ItemOrder, filter_value, order_value
from schema.types.viewer_permissions import ViewerPermissions
from storage.models import Drive as DriveRow
from storage.selectors.pages import PageRequest

if TYPE_CHECKING:
    from schema.types.share import Share


@strawberry.type(description="A tree of folders and files with a quota of its own.")
class Drive(Node):
    """A row of drives, in the company of the page it was loaded with."""

    row: strawberry.Private[DriveRow]
    page: strawberry.Private[NodePage]

    @field("An opaque id, unique in this service. It never changes.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(encode(Kind.DRIVE, self.row.id))

    @field("Its name, unique among drives.")
    def name(self) -> str:
        return self.row.name

    @field("When it was created.")
    def created_at(self) -> datetime:
        return self.row.created_at

    @field("How many bytes it may hold; null when there is no limit.")
    def quota(self) -> BigInt | None:
        return None if self.row.quota_bytes is None else BigInt(self.row.quota_bytes)

    @field("How many bytes it holds, all versions and the trash included.")
    def used(self) -> BigInt:
        return BigInt(self.row.used_bytes)

    @field(
        "How many bytes are kept free for uploads under way, and for those that ended while links to the store may "
        "still bring their bytes. Together with `used` it is never above `quota`."
    )
    def reserved(self) -> BigInt:
        return BigInt(self.row.reserved_bytes)

    @field("What the viewer may do with it.")
    def viewer_can(self) -> ViewerPermissions:
        return ViewerPermissions(granted=self.page.granted(self.row))

    @field("With whom it is shared; null for a viewer who may not share it.")
    def shares(self) -> list[Annotated[Share, strawberry.lazy("schema.types.share")]] | None:
        return nodes.shares(self.page.shares(self.row), self.page.share_page)

    @field("What lies at its top, as far as the viewer may see it.")
    def children(
        self,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        order_by: Annotated[
            ItemOrder | None, strawberry.argument(description="The order; by name when left out.")
        ] = None,
        filter: Annotated[
            ItemFilter | None, strawberry.argument(description="Which of them; all when left out.")
        ] = None,
    ) -> ItemConnection:
        request = PageRequest(first=first, after=after, last=last, before=before)
        order, chosen = order_value(order_by), filter_value(filter)
        return ItemConnection(found=lists.children(self.page.viewer, self.row, request, order, chosen))

    @field("What was moved to the trash and the viewer may delete, the latest first.")
    def trashed(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> ItemConnection:
        request = PageRequest(first=first, after=after, last=last, before=before)
        return ItemConnection(found=lists.trashed(self.page.viewer, self.row, request))
