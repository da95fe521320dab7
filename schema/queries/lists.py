"""Lists over the whole service."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

from typing import Annotated

import strawberry

from schema.context import Info
from schema.descriptions import field
from schema.ids import InvalidId, Kind, node_ref
from schema.loaders import lists
from schema.types import nodes
from schema.types.connections import After, Before, DriveConnection, FileConnection, First, GroupConnection, Last
from schema.types.drive import Drive
from schema.types.ordering import FileFilter, ItemOrder, file_filter_value, order_value
from storage.selectors.pages import PageRequest


@strawberry.type
class ListQueries:
    """Part of the root."""

    @field("The drives the viewer may see, by name.")
    def drives(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> DriveConnection:
        request = PageRequest(first=first, after=after, last=last, before=before)
        return DriveConnection(found=lists.all_drives(info.context.viewer, request))

    @field("A drive by its id or its name (give one); null when there is none that the viewer may see.")
    def drive(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="The drive's id.")] = None,
        name: Annotated[str | None, strawberry.argument(description="The drive's name.")] = None,
    ) -> Drive | None:
        viewer = info.context.viewer
        if id is None:
            return None if name is None else nodes.drive_or_none(lists.drive_by_name(viewer, name))
        try:
            ref = node_ref(id, Kind.DRIVE)
        except InvalidId:
            return None
        found = nodes.node_or_none(lists.by_refs(viewer, [ref]).get(ref))
        return found if isinstance(found, Drive) and name in (None, found.row.name) else None

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
        request = PageRequest(first=first, after=after, last=last, before=before)
        order, chosen = order_value(order_by), file_filter_value(filter)
        return FileConnection(found=lists.files(info.context.viewer, request, order, chosen))

    @field("All groups by name, for the viewer to share to; none for a visitor.")
    def groups(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> GroupConnection:
        request = PageRequest(first=first, after=after, last=last, before=before)
        return GroupConnection(found=info.context.people.groups(request))
