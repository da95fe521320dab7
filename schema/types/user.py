"""A person or program with an account."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

import strawberry

from accounts.models import User as UserRow
from schema.descriptions import field
from schema.ids import Kind, encode
from schema.types.node import Node


@strawberry.type(description="Somebody with an account.")
class User(Node):
    """A row of accounts' users, read only."""

    row: strawberry.Private[UserRow]

    @field("An opaque id, unique in this service. It never changes.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(encode(Kind.USER, self.row.id))

    @field("The name to sign in with and to share to.")
    def username(self) -> str:
        return self.row.username

    @field("The name to show; the username when none was given.")
    def display_name(self) -> str:
        return self.row.display_name or self.row.username
