"""The two halves of every payload: what was made, or the errors that stood against it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from schema.errors import Expected, UserError, bad_input, user_error
from schema.limits import MAX_PAGE_SIZE

T = TypeVar("T")

ERRORS = "Why nothing was done; empty when it was."


def outcome(work: Callable[[], T], path: Sequence[str] = ("input",)) -> tuple[T | None, list[UserError]]:
    """Do the work; return its result and no errors, or None and the expected error as an entry about ``path``."""
    try:
        return work(), []
    except Expected as error:
        return None, [user_error(error, path)]


def too_many(items: Sequence[Any], field: str) -> UserError | None:
    """Return the error for a batch that is too long, or None."""
    if len(items) > MAX_PAGE_SIZE:
        return bad_input(f"At most {MAX_PAGE_SIZE} at a time.", field)
    return None
