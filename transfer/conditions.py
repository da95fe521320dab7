"""Conditional requests (RFC 9110 §13). Pure: header values in, an outcome out.

Every representation here has one strong entity tag (its SHA-256) and a modification time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from enum import Enum

_ENTITY_TAG = re.compile(r'[ \t,]*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?=,|$)')


class Outcome(Enum):
    """What the preconditions of a request come to."""

    PROCEED = "proceed"
    NOT_MODIFIED = "not modified"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Validators:
    """What identifies the present state: ``etag`` is the opaque part without quotes, ``modified`` is aware UTC."""

    etag: str
    modified: datetime

    @property
    def etag_header(self) -> str:
        """The value of ETag."""
        return f'"{self.etag}"'

    @property
    def last_modified_header(self) -> str:
        """The value of Last-Modified (IMF-fixdate)."""
        return format_datetime(self.modified.astimezone(UTC).replace(microsecond=0), usegmt=True)


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The conditional headers of one request; None where the header was not sent."""

    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_unmodified_since: str | None = None
    if_range: str | None = None


def evaluate(asked: Preconditions, present: Validators) -> Outcome:
    """Judge a GET or HEAD, in the order of RFC 9110 §13.2.2.

    A malformed entity-tag list matches nothing, so that If-Match fails safe; a malformed date is ignored (§13.1.3).
    """
    if asked.if_match is not None:
        if not _listed(asked.if_match, present.etag, weak_counts=False):
            return Outcome.FAILED
    elif (limit := parse_date(asked.if_unmodified_since)) is not None and _seconds(present) > limit:
        return Outcome.FAILED
    if asked.if_none_match is not None:
        unchanged = _listed(asked.if_none_match, present.etag, weak_counts=True)
    else:
        since = parse_date(asked.if_modified_since)
        unchanged = since is not None and _seconds(present) <= since
    return Outcome.NOT_MODIFIED if unchanged else Outcome.PROCEED


def range_applies(asked: Preconditions, present: Validators) -> bool:
    """Whether Range may be honoured (§13.1.5): no If-Range, or one that names the present state exactly.

    A date counts only when it equals Last-Modified; a weak tag never does.
    """
    if asked.if_range is None:
        return True
    value = asked.if_range.strip(" \t")
    if value.startswith(('"', "W/")):
        return value == present.etag_header
    date = parse_date(value)
    return date is not None and date == _seconds(present)


def parse_date(value: str | None) -> datetime | None:
    """An HTTP-date in any of the three forms of RFC 9110 §5.6.7, as aware UTC; None if there is none."""
    if value is None:
        return None
    try:
        parsed = parsedate_to_datetime(value)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def _seconds(present: Validators) -> datetime:
    return present.modified.astimezone(UTC).replace(microsecond=0)


def _listed(header: str, etag: str, *, weak_counts: bool) -> bool:
    text = header.strip(" \t")
    if text == "*":
        return True
    position = 0
    found = False
    while position < len(text):
        match = _ENTITY_TAG.match(text, position)
        if match is None:
            return text[position:].strip(" \t,") == "" and found
        found = found or (match[2] == etag and (weak_counts or not match[1]))
        position = match.end()
    return found
