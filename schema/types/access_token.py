"""A bearer token of the viewer, without its secret."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

from datetime import datetime

import strawberry

from accounts.models import AccessToken as AccessTokenRow
from schema.descriptions import field
from schema.ids import Kind, encode
from schema.types.node import Node


@strawberry.type(description="A bearer token of the viewer. Its secret is shown once, when it is created.")
class AccessToken(Node):
    """A row of accounts' access tokens, read only."""

    row: strawberry.Private[AccessTokenRow]

    @field("An opaque id, unique in this service. It never changes.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(encode(Kind.TOKEN, self.row.id))

    @field("What its owner calls it.")
    def name(self) -> str:
        return self.row.name

    @field("When it was created.")
    def created_at(self) -> datetime:
        return self.row.created_at

    @field("It is not accepted after this.")
    def expires_at(self) -> datetime:
        return self.row.expires_at

    @field("When it was last used, to the minute; null when never.")
    def last_used_at(self) -> datetime | None:
        return self.row.last_used_at
