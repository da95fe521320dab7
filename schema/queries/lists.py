"""Lists over the whole service."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

from typing import Annotated

import strawberry

from schema.descriptions import field
from schema.ids import InvalidId, Kind, node_ref
from schema.loaders.found_page import FoundPage
from schema.queries.info import Info
from schema.types.connections import After, Before, DriveConnection, FileConnection, First, GroupConnection, Last
from schema.types.drive import Drive
from schema.types.group import group_nodes
from schema.types.ordering import FileFilter, ItemOrder, file_filter_value, order_value


@strawberry.type
class ListQueries:
    """Part of the root."""

    @field("The drives the viewer may see, by name.")
    def drives(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> DriveConnection:
        context = info.context
        return DriveConnection(found=context.lists.drives(context.page_request(first, after, last, before)))

    @field("A drive by its id or its name (give one); null when there is none that the viewer may see.")
    def drive(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="The drive's id.")] = None,
        name: Annotated[str | None, strawberry.argument(description="The drive's name.")] = None,
    ) -> Drive | None:
        lists = info.context.lists
        if id is None:
            return None if name is None else lists.drive_by_name(name)
        try:
            found = lists.by_refs([node_ref(id, Kind.DRIVE)])[0]
        except InvalidId:
            return None
        return found if name is None or (found is not None and found.row.name == name) else None

    @field("All files the viewer may see, in any drive and folder.")
    def files(
        self,
        info: Info,
        filter: Annotated[
            FileFilter | None, strawberry.argument(description="Which of them; all when left out.")
        ] = None,
        order_by: Annotated[
            ItemOrder | None, strawberry.argument(description="The order; by name when left out.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> FileConnection:
        context = info.context
        request = context.page_request(first, after, last, before)
        return FileConnection(found=context.lists.files(request, order_value(order_by), file_filter_value(filter)))

    @field("All groups by name, for the viewer to share to; none for a visitor.")
    def groups(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> GroupConnection:
        context = info.context
        page, count = context.people.groups(context.page_request(first, after, last, before))
        return GroupConnection(found=FoundPage(group_nodes(context.actor, page.rows), page, count))
