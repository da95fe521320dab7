"""Pages of items, files, drives and groups, in the shape of Relay's connections.

One file for them all, because they are one noun: a page of a list. A connection holds what a selector found; its nodes
share one loader page.
"""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from accounts.models import Group as GroupRow
from schema.descriptions import field
from schema.loaders.found_page import FoundPage
from schema.loaders.group_page import GroupPage
from schema.loaders.node_page import NodePage
from schema.types import nodes
from schema.types.page_info import PageInfo, page_info
from storage.models import Drive as DriveRow
from storage.models import Item as ItemRow

if TYPE_CHECKING:
    from schema.types.drive import Drive
    from schema.types.file import File
    from schema.types.group import Group
    from schema.types.item import Item

First = Annotated[int | None, strawberry.argument(description="How many from the front: 0 to 100. 50 when left out.")]
After = Annotated[str | None, strawberry.argument(description="Only what comes after this cursor.")]
Last = Annotated[int | None, strawberry.argument(description="How many from the back, instead of `first`: 0 to 100.")]
Before = Annotated[str | None, strawberry.argument(description="Only what comes before this cursor.")]


@strawberry.type(description="An item and its place in a list.")
class ItemEdge:
    """A node and its cursor."""

    cursor: str = strawberry.field(description="The place in the list, for `after` and `before`.")
    node: Annotated[Item, strawberry.lazy("schema.types.item")] = strawberry.field(description="The item.")


@strawberry.type(description="A page of items that the viewer may see.")
class ItemConnection:
    """A page of a list of items."""

    found: strawberry.Private[FoundPage[ItemRow, NodePage]]

    @field("The items of the page, each with its place in the list.")
    def edges(self) -> list[ItemEdge]:
        return [
            ItemEdge(cursor=self.found.cursor(i), node=node) for i, node in enumerate(nodes.found_items(self.found))
        ]

    @field("The items of the page.")
    def nodes(self) -> list[Annotated[Item, strawberry.lazy("schema.types.item")]]:
        return nodes.found_items(self.found)

    @field("Where the page stands in the list.")
    def page_info(self) -> PageInfo:
        return page_info(self.found)

    @field("How many items of the whole list the viewer may see. Costs a count of its own.")
    def total_count(self) -> int:
        return self.found.total


@strawberry.type(description="A file and its place in a list.")
class FileEdge:
    """A node and its cursor."""

    cursor: str = strawberry.field(description="The place in the list, for `after` and `before`.")
    node: Annotated[File, strawberry.lazy("schema.types.file")] = strawberry.field(description="The file.")


@strawberry.type(description="A page of files that the viewer may see.")
class FileConnection:
    """A page of a list of files."""

    found: strawberry.Private[FoundPage[ItemRow, NodePage]]

    @field("The files of the page, each with its place in the list.")
    def edges(self) -> list[FileEdge]:
        return [
            FileEdge(cursor=self.found.cursor(i), node=node) for i, node in enumerate(nodes.found_files(self.found))
        ]

    @field("The files of the page.")
    def nodes(self) -> list[Annotated[File, strawberry.lazy("schema.types.file")]]:
        return nodes.found_files(self.found)

    @field("Where the page stands in the list.")
    def page_info(self) -> PageInfo:
        return page_info(self.found)

    @field("How many files of the whole list the viewer may see. Costs a count of its own.")
    def total_count(self) -> int:
        return self.found.total


@strawberry.type(description="A drive and its place in a list.")
class DriveEdge:
    """A node and its cursor."""

    cursor: str = strawberry.field(description="The place in the list, for `after` and `before`.")
    node: Annotated[Drive, strawberry.lazy("schema.types.drive")] = strawberry.field(description="The drive.")


@strawberry.type(description="A page of drives that the viewer may see.")
class DriveConnection:
    """A page of a list of drives."""

    found: strawberry.Private[FoundPage[DriveRow, NodePage]]

    @field("The drives of the page, each with its place in the list.")
    def edges(self) -> list[DriveEdge]:
        return [
            DriveEdge(cursor=self.found.cursor(i), node=node) for i, node in enumerate(nodes.found_drives(self.found))
        ]

    @field("The drives of the page.")
    def nodes(self) -> list[Annotated[Drive, strawberry.lazy("schema.types.drive")]]:
        return nodes.found_drives(self.found)

    @field("Where the page stands in the list.")
    def page_info(self) -> PageInfo:
        return page_info(self.found)

    @field("How many drives of the whole list the viewer may see. Costs a count of its own.")
    def total_count(self) -> int:
        return self.found.total


@strawberry.type(description="A group and its place in a list.")
class GroupEdge:
    """A node and its cursor."""

    cursor: str = strawberry.field(description="The place in the list, for `after` and `before`.")
    node: Annotated[Group, strawberry.lazy("schema.types.group")] = strawberry.field(description="The group.")


@strawberry.type(description="A page of groups.")
class GroupConnection:
    """A page of a list of groups."""

    found: strawberry.Private[FoundPage[GroupRow, GroupPage]]

    @field("The groups of the page, each with its place in the list.")
    def edges(self) -> list[GroupEdge]:
        return [
            GroupEdge(cursor=self.found.cursor(i), node=node) for i, node in enumerate(nodes.found_groups(self.found))
        ]

    @field("The groups of the page.")
    def nodes(self) -> list[Annotated[Group, strawberry.lazy("schema.types.group")]]:
        return nodes.found_groups(self.found)

    @field("Where the page stands in the list.")
    def page_info(self) -> PageInfo:
        return page_info(self.found)

    @field("How many groups there are in the whole list. Costs a count of its own.")
    def total_count(self) -> int:
        return self.found.total
