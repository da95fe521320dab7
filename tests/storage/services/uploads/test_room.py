from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from storage.errors import QuotaExceeded, TooManyUploads
from storage.selectors.uploads import HeldBytes
from storage.services.uploads.room import no_room, too_many

AT = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def test_without_anything_held_the_refusals_are_the_plain_ones() -> None:
    assert no_room([]).message == QuotaExceeded.default_message
    assert no_room([HeldBytes(0, AT)]).message == QuotaExceeded.default_message
    assert too_many([]).message == TooManyUploads.default_message


def test_what_is_held_is_told_with_the_time_at_which_the_first_comes_free() -> None:
    held = [HeldBytes(5, AT.astimezone(timezone(timedelta(hours=2)))), HeldBytes(7, AT + timedelta(hours=1))]
    assert "hold 12 bytes" in no_room(held).message
    assert "2 of them have ended" in too_many(held).message
    for refusal in (no_room(held), too_many(held)):
        assert "2026-05-01T12:00:00Z" in refusal.message
