"""Pages of ``read`` and ``read_changes``, by keyset over the row id, and the tokens between them."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC
from typing import Literal, cast

from authz.clients.base import Change, ChangePage, TuplePage
from authz.clients.horizon import horizon
from authz.clients.tuples import key_of
from authz.engine import names
from authz.errors import InvalidContinuationToken, InvalidRequest
from authz.models import RelationshipTuple, TupleChange

PAGE_LIMIT = 100
"""Entries of one page: OpenFGA's limit."""


def read_tuples(
    using: str, *, user: str | None, relation: str | None, object: str | None, page_size: int, continuation_token: str
) -> TuplePage:
    """Return one page of stored tuples, oldest first. ``object`` may be ``"type:id"`` or ``"type:"``.

    Raises InvalidRequest (a page size outside 1 to 100, a name of nothing) and InvalidContinuationToken.
    """
    require_page_size(page_size)
    require_filter(user, relation, object)
    rows = RelationshipTuple.objects.using(using).order_by("id")
    if user is not None:
        rows = rows.filter(subject=user)
    if relation is not None:
        rows = rows.filter(relation=relation)
    if object is not None:
        object_type, _, object_id = object.partition(":")
        rows = rows.filter(object_type=object_type)
        rows = rows.filter(object_id=object_id) if object_id else rows
    if continuation_token:
        rows = rows.filter(id__gt=_position(continuation_token, "tuples"))
    found = list(rows[: page_size + 1])
    token = _token("tuples", found[page_size - 1].id) if len(found) > page_size else ""
    return TuplePage(tuple(map(key_of, found[:page_size])), token)


def read_changes(using: str, *, type: str, page_size: int, continuation_token: str) -> ChangePage:
    """Return one page of the change log, oldest first; the token goes on where the page ends, also at the very end.

    A token belongs to the type it was made for; raises InvalidContinuationToken for another, as OpenFGA does. What
    another transaction may still put in between comes first: see ``authz.clients.horizon``.
    """
    require_page_size(page_size)
    position = _position(continuation_token, f"changes {type}") if continuation_token else 0
    rows = TupleChange.objects.using(using).filter(id__gt=position).order_by("id")
    if type:
        rows = rows.filter(object_type=type)
    end = horizon(using)
    if end is not None:
        rows = rows.filter(id__lte=end)
    found = list(rows[:page_size])
    changes = tuple(
        Change(
            cast(Literal["write", "delete"], row.operation),
            key_of(row),
            row.created_at.astimezone(UTC).isoformat(),
        )
        for row in found
    )
    return ChangePage(changes, _token(f"changes {type}", found[-1].id if found else position))


def require_page_size(page_size: int) -> None:
    """Raise InvalidRequest for a page that is empty or too long, for every client."""
    if not 1 <= page_size <= PAGE_LIMIT:
        raise InvalidRequest(f"a page has 1 to {PAGE_LIMIT} entries, not {page_size}")


def require_filter(user: str | None = None, relation: str | None = None, object: str | None = None) -> None:
    """Raise InvalidRequest for what can name nothing, for every client: databases do not even take all of it."""
    if user is not None:
        names.require_user(user)
    if relation is not None:
        names.require_relation(relation)
    if object is not None:
        names.require_objects(object)


def _token(scope: str, position: int) -> str:
    return base64.urlsafe_b64encode(f"{scope} {position}".encode()).decode()


def _position(token: str, scope: str) -> int:
    try:
        found, _, position = base64.b64decode(token, altchars=b"-_", validate=True).decode().rpartition(" ")
        number = int(position)
    except (binascii.Error, ValueError) as error:
        raise InvalidContinuationToken("the continuation token cannot be read") from error
    if found != scope or not 0 <= number < 1 << 63:
        raise InvalidContinuationToken("the continuation token belongs to another question")
    return number
