"""Where a page stands in its list."""

from __future__ import annotations

from typing import Any

import strawberry

from schema.loaders.found_page import FoundPage


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """The page information of Relay's cursor connections."""

    has_next_page: bool = strawberry.field(description="Whether there is more after this page.")
    has_previous_page: bool = strawberry.field(description="Whether there is more before this page.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first node; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last node; null on an empty page.")


def page_info(found: FoundPage[Any, Any]) -> PageInfo:
    """Return where a page that was found stands in its list."""
    return PageInfo(
        has_next_page=found.page.has_next_page,
        has_previous_page=found.page.has_previous_page,
        start_cursor=found.cursor(0) if found.rows else None,
        end_cursor=found.cursor(len(found.rows) - 1) if found.rows else None,
    )
