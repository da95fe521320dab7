"""A group of people."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

from typing import Any

import strawberry

from accounts.models import Group as GroupRow
from schema.context import Context
from schema.descriptions import field
from schema.ids import Kind, encode
from schema.types.node import Node
from schema.types.user import User


@strawberry.type(description="A named group of people, to share to all of them at once.")
class Group(Node):
    """A row of accounts' groups, read only."""

    row: strawberry.Private[GroupRow]
    context: strawberry.Private[Any]

    @field("An opaque id, unique in this service. It never changes.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(encode(Kind.GROUP, self.row.id))

    @field("Its name, unique among groups.")
    def name(self) -> str:
        return self.row.name

    @field("Who is in it; null unless the viewer is in it too or is an administrator.")
    def members(self) -> list[User] | None:
        context: Context = self.context
        found = context.people.members(self.row)
        return None if found is None else [User(row=row) for row in found]
