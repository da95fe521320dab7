"""Keys of objects in a backend: opaque, random, and never made of anything that a person typed."""

from __future__ import annotations

import re

from storage.errors import InvalidArgument

_PREFIX = re.compile(r"[0-9A-Za-z_-]+(?:/[0-9A-Za-z_-]+)*")
_ATTEMPT = re.compile(rf"(?:{_PREFIX.pattern}/)?(?P<head>[0-9a-z]{{2}})/(?P<staging>(?P=head)[0-9a-z]{{24}})-[0-9]+")
MAX_PREFIX = 100
"""Characters in a drive's prefix."""


def attempt_key(prefix: str, staging_key: str, attempt: int) -> str:
    """Return the key that PUT number ``attempt`` of an upload writes to.

    Each attempt has its own object, so that no writer can touch the bytes of another. Two characters of the random key
    make the directory, so that a directory of a local store stays small.
    """
    head = f"{prefix}/" if prefix else ""
    return f"{head}{staging_key[:2]}/{staging_key}-{attempt}"


def staging_key_of(key: str) -> str | None:
    """Return the staging key in a key that ``attempt_key`` made, None for any other."""
    found = _ATTEMPT.fullmatch(key)
    return found["staging"] if found else None


def check_prefix(prefix: str) -> None:
    """Raise InvalidArgument unless ``prefix`` is empty or letters, digits, ``_``, ``-`` in parts joined by ``/``."""
    if prefix and (len(prefix) > MAX_PREFIX or not _PREFIX.fullmatch(prefix)):
        raise InvalidArgument("A prefix has letters, digits, '_' and '-', in parts joined by '/'.")
