"""Keyset pages: where a page begins and ends, and the signed cursors that say so.

A cursor holds the sort value and the id of its row, so that a page costs the same however far down the list it is, and
rows that come or go never shift it. It is signed and bound to one list (kind, order, filter) of one actor.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import orjson
from django.db import connection

from authz.types import Actor
from storage import tokens
from storage.errors import InvalidArgument, InvalidCursor, InvalidToken

DEFAULT_SIZE = 50
MAX_SIZE = 100
"""Rows of a page."""

SortValue = str | int | datetime
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page: the ``first`` rows (default 50) after a cursor, or the ``last`` rows before one.

    Raises InvalidArgument when both directions are asked for or a size is not within 0..100.
    """

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    def __post_init__(self) -> None:
        if self.first is not None and self.last is not None:
            raise InvalidArgument("Ask for either the first or the last rows, not for both.")
        for name, size in (("first", self.first), ("last", self.last)):
            if size is not None and not 0 <= size <= MAX_SIZE:
                raise InvalidArgument(f"A page has 0 to {MAX_SIZE} rows.", path=[name])

    @property
    def size(self) -> int:
        """Rows asked for."""
        return next((size for size in (self.first, self.last) if size is not None), DEFAULT_SIZE)

    @property
    def backwards(self) -> bool:
        """Whether the page is counted from the end."""
        return self.last is not None


@dataclass(frozen=True, slots=True)
class Scope:
    """One list: a cursor made in it is valid in no other. ``order`` and ``filter`` are told by their ``repr``."""

    kind: str
    order: object
    filter: object
    actor: Actor

    def digest(self) -> bytes:
        """Return 8 bytes that stand for the list."""
        text = repr((self.kind, self.order, self.filter, self.actor))
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """The rows of a page in the order of the list, and whether there are more on either side.

    The side that was not read from is answered by whether a cursor was given, as Relay's specification allows.
    """

    rows: Sequence[Row]
    has_next_page: bool
    has_previous_page: bool
    cursor: Callable[[Row], str]
    """Makes the cursor of a row; only when asked, because most clients want the last one alone."""


@dataclass(frozen=True, slots=True)
class Sort(Generic[Row]):
    """The order of a list: an SQL expression, which side up, and how to read the value off a row.

    ``expression`` is never NULL. ``identifier`` is the SQL of the id that breaks ties.
    """

    expression: str
    identifier: str
    descending: bool
    value: Callable[[Row], SortValue]


@dataclass(frozen=True, slots=True)
class Keyset:
    """The SQL of a page: conditions joined by AND, their parameters, ORDER BY, and one row more than asked for."""

    conditions: tuple[str, ...]
    params: tuple[object, ...]
    order_by: str
    limit: int

    def as_conditions(self) -> list[tuple[str, tuple[object, ...]]]:
        """Return the conditions as one, for a list of others."""
        return [(" AND ".join(self.conditions), self.params)] if self.conditions else []


def keyset(request: PageRequest, sort: Sort[Row], scope: Scope) -> Keyset:
    """Return the SQL of the page; raises InvalidCursor."""
    conditions: list[str] = []
    params: list[object] = []
    for cursor, later in ((request.after, True), (request.before, False)):
        if cursor is not None:
            value, row_id = place(cursor, scope)
            sign = ">" if later is not sort.descending else "<"
            # The first term says nothing new; it lets an index on an expression be entered at the right place.
            conditions.append(
                f"{sort.expression} {sign}= %s AND ({sort.expression}, {sort.identifier}) {sign} (%s, %s)"
            )
            params += [_adapted(value), _adapted(value), row_id]
    direction = "DESC" if sort.descending is not request.backwards else "ASC"
    order_by = f"{sort.expression} {direction}, {sort.identifier} {direction}"
    return Keyset(tuple(conditions), tuple(params), order_by, request.size + 1)


def page(
    request: PageRequest, sort: Sort[Row], scope: Scope, found: list[Row], row_id: Callable[[Row], str]
) -> Page[Row]:
    """Make the page of what ``keyset`` found."""
    rows = found[: request.size]
    more = len(found) > request.size
    if request.backwards:
        rows.reverse()
    digest = scope.digest()
    return Page(
        rows,
        has_next_page=request.before is not None if request.backwards else more,
        has_previous_page=more if request.backwards else request.after is not None,
        cursor=lambda row: _encode(digest, sort.value(row), row_id(row)),
    )


def place(cursor: str, scope: Scope) -> tuple[SortValue, str]:
    """Return the sort value and the id of the row that a cursor was made for; raises InvalidCursor."""
    try:
        payload = tokens.unsign(tokens.Purpose.CURSOR, cursor)
    except InvalidToken:
        raise InvalidCursor from None
    if payload[:8] != scope.digest():
        raise InvalidCursor
    told, row_id = orjson.loads(payload[8:])
    return datetime.fromisoformat(told["t"]) if isinstance(told, dict) else told, row_id


def _encode(digest: bytes, value: SortValue, row_id: str) -> str:
    told = {"t": value.isoformat()} if isinstance(value, datetime) else value
    return tokens.sign(tokens.Purpose.CURSOR, digest + orjson.dumps([told, row_id]))


def _adapted(value: SortValue) -> object:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
