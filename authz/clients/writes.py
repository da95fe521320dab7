"""What may be written and deleted at all, for every client: OpenFGA's rules of a write request."""

from __future__ import annotations

from collections.abc import Sequence

from authz.conf import MAX_TUPLES_PER_WRITE
from authz.engine.typesystem import Typesystem
from authz.errors import InvalidRequest, InvalidTuple
from authz.types import TupleKey


def require_writable(types: Typesystem, writes: Sequence[TupleKey], deletes: Sequence[TupleKey]) -> None:
    """Raise InvalidRequest (none or more than 100 tuples, one named twice) or InvalidTuple (not allowed by the model).

    Deletes need only be well formed, so that leftovers of an older model can go. One tuple may be deleted and written,
    where the model allows it under a condition: that is how an expiry is changed at once. OpenFGA takes two requests.
    """
    keys = [key.bare for key in (*deletes, *writes)]
    if not keys:
        raise InvalidRequest("nothing to write and nothing to delete")
    if len(keys) > MAX_TUPLES_PER_WRITE:
        raise InvalidRequest(f"more than {MAX_TUPLES_PER_WRITE} tuples in one write")
    changed = {key.bare for key in writes if types.is_conditional(key)} & {key.bare for key in deletes}
    if len(set(keys)) < len(keys) - len(changed):
        raise InvalidRequest("a tuple stands twice in one write")
    for key in writes:
        types.require_tuple(key)
    for key in deletes:
        require_deletable(key)


def require_deletable(key: TupleKey) -> None:
    """Raise InvalidTuple unless ``key`` could be the key of a stored tuple."""
    if key.condition is not None:
        raise InvalidTuple("a delete names no condition")
    if not all(part and part.isprintable() for part in (key.user, key.relation)) or ":" not in key.object[1:-1]:
        raise InvalidTuple("not a tuple")
