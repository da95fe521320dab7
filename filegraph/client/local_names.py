"""Names for local files out of names that a server sent. Pure: no file is touched here.

A name from the server never leaves the destination: what could (separators, ``..``, drive letters) is refused, not
repaired, because no honest server sends it. What is only inconvenient (too long, a clash of case, the name of a partial
download) is repaired.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata

MAX_BYTES = 230
"""Longest local name in bytes: file systems take 255, and the suffix of a partial download needs room."""

_PART = re.compile(r"\.[0-9a-f]{8}\.part\Z", re.IGNORECASE | re.ASCII)
_WINDOWS_DEVICES = frozenset({"CON", "PRN", "AUX", "NUL", *(f"{d}{n}" for d in ("COM", "LPT") for n in "123456789")})


class UnsafeName(ValueError):
    """The server sent a name that cannot be a plain local name."""


def safe_name(name: str, *, windows: bool = os.name == "nt") -> str:
    """``name`` when it is a plain file name here, shortened when too long; never one of ``part_name``.

    Raises ``UnsafeName``.
    """
    if name in ("", ".", "..") or any(_is_unsafe(character) for character in name):
        raise UnsafeName(f"the server sent the unsafe name {name!r}")
    if windows and _is_refused_by_windows(name):
        raise UnsafeName(f"Windows cannot keep a file named {name!r}")
    return _shortened(f"{name}_" if _PART.search(name) else name)


def part_name(name: str, sha256: str) -> str:
    """Where the bytes of a file gather until it is whole: after its content, so that it is never continued with other
    bytes.
    """
    return f"{name}.{sha256[:8]}.part"


def _is_unsafe(character: str) -> bool:
    """Separators of any system, control characters, lone surrogates, line and paragraph separators."""
    return character in "/\\" or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


def _is_refused_by_windows(name: str) -> bool:
    stem = name.split(".", 1)[0].rstrip().upper()
    return any(c in '<>:"|?*' for c in name) or name[-1] in " ." or stem in _WINDOWS_DEVICES


def _shortened(name: str) -> str:
    encoded = name.encode("utf-8")
    if len(encoded) <= MAX_BYTES:
        return name
    mark = "~" + hashlib.sha256(encoded).hexdigest()[:8]
    stem, dot, extension = name.rpartition(".")
    tail = mark + dot + extension if stem and len(extension.encode("utf-8")) <= 16 else mark
    room = MAX_BYTES - len(tail.encode("utf-8"))
    return encoded[:room].decode("utf-8", "ignore") + tail


class NameRoster:
    """Hands out names within one local folder, so that two remote names never become one local file."""

    def __init__(self, *, fold_case: bool) -> None:
        self._fold_case = fold_case
        self._taken: set[str] = set()

    def claim(self, name: str) -> str:
        """A safe local name for ``name``; a later one that would clash gets a number. Raises ``UnsafeName``."""
        wanted = safe_name(name)
        stem, dot, extension = wanted.rpartition(".")
        if not stem:
            stem, dot, extension = wanted, "", ""
        candidate, number = wanted, 2
        while self._key(candidate) in self._taken:
            candidate = f"{stem} ({number}){dot}{extension}"
            number += 1
        self._taken.add(self._key(candidate))
        return candidate

    def _key(self, name: str) -> str:
        composed = unicodedata.normalize("NFC", name)
        return unicodedata.normalize("NFC", composed.casefold()) if self._fold_case else composed
