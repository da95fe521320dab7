"""Why there is no room for an upload, where uploads that ended hold it: in words for whoever ended them.

Of what others hold nothing is said: an uploader need not see them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from storage.errors import QuotaExceeded, TooManyUploads
from storage.selectors.uploads import HeldBytes


def no_room(held: Sequence[HeldBytes]) -> QuotaExceeded:
    """Return the refusal of a drive that is full. ``held``: what the actor holds in it, by its time."""
    size = sum(each.size for each in held)
    if not size:
        return QuotaExceeded()
    return QuotaExceeded(
        f"{QuotaExceeded.default_message} Uploads of yours that ended hold {size} bytes of it until their links to the "
        f"store have ended too; the first come free after {_time(held)}."
    )


def too_many(held: Sequence[HeldBytes]) -> TooManyUploads:
    """Return the refusal of an actor who has too many uploads under way. ``held``: those of hers that ended."""
    if not held:
        return TooManyUploads()
    return TooManyUploads(
        f"{TooManyUploads.default_message} {len(held)} of them have ended and count until their links to the store "
        f"have ended too, the first until {_time(held)}."
    )


def _time(held: Sequence[HeldBytes]) -> str:
    return held[0].until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
