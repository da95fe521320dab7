"""Everything that has an id of its own."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

import strawberry

from schema.descriptions import field


@strawberry.interface(description="Something with an id of its own, to be fetched again by `node(id:)`.")
class Node:
    """The interface of Relay's object identification."""

    @field("An opaque id, unique in this service. It never changes.")
    def id(self) -> strawberry.ID:
        raise NotImplementedError
