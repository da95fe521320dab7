"""One byte range of a representation (RFC 9110 §14). Pure: plain values in, plain values out, no I/O.

Several ranges in one request are ignored, as §14.2 allows: the client gets the whole representation. A multipart
answer would only help to multiply the work of one request.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SINGLE = re.compile(r"bytes[ \t]*=[ \t,]*([0-9]*)-([0-9]*)[ \t,]*", re.IGNORECASE | re.ASCII)
_MOST_DIGITS = 18
_BEYOND_EVERY_FILE = 10**_MOST_DIGITS


@dataclass(frozen=True, slots=True)
class ByteRange:
    """``length`` bytes from ``offset`` on; ``length`` is at least 1 and the range lies within the representation."""

    offset: int
    length: int

    def content_range(self, size: int) -> str:
        """The value of Content-Range for a representation of ``size`` bytes."""
        return f"bytes {self.offset}-{self.offset + self.length - 1}/{size}"


@dataclass(frozen=True, slots=True)
class Unsatisfiable:
    """A well-formed range that has no byte in common with the representation."""


def select(header: str | None, size: int) -> ByteRange | Unsatisfiable | None:
    """Which bytes of ``size`` the Range ``header`` asks for. None: send all (no range, malformed, or several).

    The last bytes of an empty representation (``bytes=-5`` of 0) are a satisfiable range that Content-Range cannot
    express; the answer is the whole, empty representation.
    """
    match = None if header is None else _SINGLE.fullmatch(header.strip(" \t"))
    if match is None:
        return None
    first, last = match.groups()
    if not first:
        return _suffix(last, size)
    offset = _position(first)
    end = _position(last) if last else _BEYOND_EVERY_FILE
    if end < offset:
        return None
    if offset >= size:
        return Unsatisfiable()
    return ByteRange(offset, min(end + 1, size) - offset)


def _suffix(digits: str, size: int) -> ByteRange | Unsatisfiable | None:
    if not digits:
        return None
    length = min(_position(digits), size)
    if _position(digits) == 0:
        return Unsatisfiable()
    return ByteRange(size - length, length) if length else None


def _position(digits: str) -> int:
    """The number, or one beyond every file: Python refuses to convert thousands of digits, and nobody needs it."""
    significant = digits.lstrip("0") or "0"
    return int(significant) if len(significant) <= _MOST_DIGITS else _BEYOND_EVERY_FILE
