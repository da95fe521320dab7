"""A page of a list: its rows, what they were loaded with, its cursors and its count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from storage.selectors.pages import Page

Row = TypeVar("Row")
Together = TypeVar("Together")


@dataclass(frozen=True)
class FoundPage(Generic[Row, Together]):
    """What a selector found. ``count`` is asked only when somebody wants the total, and once."""

    page: Page[Row]
    together: Together
    count: Callable[[], int]

    @property
    def rows(self) -> Sequence[Row]:
        """The rows of the page, in the order of the list."""
        return self.page.rows

    def cursor(self, index: int) -> str:
        """Return the cursor of the row at ``index``."""
        return self.page.cursor(self.page.rows[index])

    @cached_property
    def total(self) -> int:
        """How many rows the whole list has."""
        return self.count()
