"""A folder."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

from typing import Annotated

import strawberry

from schema.descriptions import field
from schema.loaders import lists
from schema.types.connections import After, Before, First, ItemConnection, Last
from schema.types.item import Item
from schema.types.ordering import ItemFilter, ItemOrder, filter_value, order_value
from storage.selectors.pages import PageRequest


@strawberry.type(description="A folder of a drive.")
class Folder(Item):
    """A row of the tree that has children."""

    @field("What lies directly in it, as far as the viewer may see it.")
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
