"""A group of people."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

import strawberry

from accounts.models import Group as GroupRow
from schema.descriptions import field
from schema.ids import Kind, encode
from schema.loaders.group_page import GroupPage
from schema.types.node import Node
from schema.types.user import User


@strawberry.type(description="A named group of people, to share to all of them at once.")
class Group(Node):
    """A row of accounts' groups, in the company of the page it was loaded with."""

    row: strawberry.Private[GroupRow]
    page: strawberry.Private[GroupPage]

    @field("An opaque id, unique in this service. It never changes.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(encode(Kind.GROUP, self.row.id))

    @field("Its name, unique among groups.")
    def name(self) -> str:
        return self.row.name

    @field("Who is in it; null unless the viewer is in it too or is an administrator.")
    def members(self) -> list[User] | None:
        found = self.page.members(self.row)
        return None if found is None else [User(row=row) for row in found]
