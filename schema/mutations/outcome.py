"""The two halves of every payload: what was made, or the errors that stood against it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from accounts.errors import AccountsError
from schema.errors import INPUT, Expected, UserError, bad_input, user_error
from schema.ids import InvalidId
from schema.limits import MAX_PAGE_SIZE
from storage.errors import StorageError

T = TypeVar("T")

ERRORS = "Why nothing was done; empty when it was."


def outcome(work: Callable[[], T], path: Sequence[str] = INPUT) -> tuple[T | None, list[UserError]]:
    """Do the work; return its result and no errors, or None and the expected error as an entry about ``path``."""
    try:
        return work(), []
    except Expected as error:
        return None, [user_error(error, path)]


@contextmanager
def about(*fields: str) -> Iterator[None]:
    """Let an expected error that names no field name this one."""
    try:
        yield
    except (StorageError, AccountsError, InvalidId) as error:
        error.path = tuple(error.path) or fields
        raise


def too_many(items: Sequence[Any], field: str) -> UserError | None:
    """Return the error for a batch that is too long, or None."""
    if len(items) > MAX_PAGE_SIZE:
        return bad_input(f"At most {MAX_PAGE_SIZE} at a time.", field)
    return None
