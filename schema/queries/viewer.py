"""Who is asking."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

import strawberry

from schema.context import Info
from schema.descriptions import field
from schema.types.viewer import Viewer


@strawberry.type
class ViewerQueries:
    """Part of the root."""

    @field("Who is asking.")
    def viewer(self, info: Info) -> Viewer:
        return Viewer(context=info.context)
