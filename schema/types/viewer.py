"""Who is asking."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

from typing import Any

import strawberry

from schema.context import Context
from schema.descriptions import field
from schema.types import nodes
from schema.types.access_token import AccessToken
from schema.types.group import Group
from schema.types.user import User


@strawberry.type(description="Who is asking.")
class Viewer:
    """The actor of the request."""

    context: strawberry.Private[Any]

    @field('The name that permissions are decided for, such as "user:01h..."')
    def actor(self) -> str:
        return str(self.context.actor)

    @field("The account of the viewer; null for a visitor who is not signed in.")
    def user(self) -> User | None:
        context: Context = self.context
        row = context.people.me()
        return None if row is None else User(row=row)

    @field("Whether the viewer administers this service.")
    def is_administrator(self) -> bool:
        context: Context = self.context
        return context.people.is_administrator()

    @field("The viewer's bearer tokens that are neither revoked nor over, the latest first.")
    def access_tokens(self) -> list[AccessToken]:
        context: Context = self.context
        return [AccessToken(row=row) for row in context.people.my_access_tokens()]

    @field("The groups the viewer is in.")
    def groups(self) -> list[Group]:
        context: Context = self.context
        return nodes.groups(context.viewer, context.people.my_groups())
