"""The ``info`` of a root field, typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import strawberry

from schema.context import Context

if TYPE_CHECKING:
    from strawberry.types import Info as StrawberryInfo

    Info = StrawberryInfo[Context, None]
else:
    Info = strawberry.Info
