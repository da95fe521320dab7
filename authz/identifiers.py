"""Random, opaque ids for objects that permissions are asked about."""

from __future__ import annotations

import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 26
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
_SHIFTS = range(0, 5 * LENGTH, 10)


def new_identifier() -> str:
    """Return 130 random bits as 26 lower-case characters.

    One case only, so that ids stay apart on databases whose comparison ignores case.
    """
    bits = secrets.randbits(5 * LENGTH)
    return "".join([_PAIRS[(bits >> shift) & 1023] for shift in _SHIFTS])


def is_identifier(value: str) -> bool:
    """Return whether ``value`` could be one of ours."""
    return len(value) == LENGTH and all(character in ALPHABET for character in value)
