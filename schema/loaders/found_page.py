"""A page of nodes with its cursors and its count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from storage.selectors.pages import Page


@dataclass
class FoundPage:
    """What a selector found, as nodes. ``count`` is asked only when somebody wants the total."""

    nodes: list[Any]
    page: Page[Any]
    count: Callable[[], int]

    @property
    def has_next_page(self) -> bool:
        """Whether there is more after this page."""
        return self.page.has_next_page

    @property
    def has_previous_page(self) -> bool:
        """Whether there is more before this page."""
        return self.page.has_previous_page

    @property
    def rows(self) -> Sequence[Any]:
        """The rows under the nodes."""
        return self.page.rows

    def cursor(self, index: int) -> str:
        """Return the cursor of the node at ``index``."""
        return self.page.cursor(self.page.rows[index])

    def total(self) -> int:
        """Return how many rows the whole list has."""
        return self._total

    @cached_property
    def _total(self) -> int:
        return self.count()
