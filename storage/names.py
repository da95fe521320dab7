"""Rules for names that people give to drives, folders and files.

A name is data only: it never becomes part of a storage key or a path. What is kept is what was typed; what is compared
is ``name_key``. Choosing a free name in a folder belongs to ``storage.services.placement``.
"""

from __future__ import annotations

import re
import unicodedata

from storage.errors import InvalidName

MAX_LENGTH = 255
"""Code points in a name."""

_SEPARATORS = frozenset("/\\")
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_REFUSED = re.compile(f"[\x00-\x1f\x7f-\x9f/\\\\\u2028\u2029{_BIDI}\ud800-\udfff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Zero-width characters are fine inside a name (joiners in many scripts and in emoji); alone they cannot be seen.
_UNSEEN = re.compile("[\\s\u00ad\u200b-\u200d\u2060\ufeff]*")


def check(name: str) -> None:
    """Raise InvalidName, with one sentence, unless ``name`` can be kept.

    Any Unicode up to 255 code points is a name, but for: control characters (C0, DEL, C1), line and paragraph
    separators, bidirectional controls (they make ``exe.txt`` out of ``txt.exe``), lone surrogates, ``/`` and ``\\``,
    ``.`` and ``..``, and names of which nothing can be seen. Leading and trailing spaces are kept as typed.
    """
    if len(name) > MAX_LENGTH:
        raise InvalidName(f"A name has at most {MAX_LENGTH} characters.")
    refused = _REFUSED.search(name)
    if refused is not None:
        raise InvalidName(_sentence(refused.group()))
    if _UNSEEN.fullmatch(name):
        raise InvalidName("A name needs at least one visible character.")
    if name in (".", ".."):
        raise InvalidName('"." and ".." are not names.')


def key(name: str) -> str:
    """Return what two names are compared by: NFC, case kept. At most four times as long as the name.

    A text that is longer than any name is left as it is and names nothing: to compose it can take time quadratic in its
    length, all other threads standing still.
    """
    if len(name) > MAX_LENGTH:
        return name
    return unicodedata.normalize("NFC", name)


def may_be_stored(text: str) -> bool:
    """Tell whether a text can stand in the database at all: no NUL (PostgreSQL keeps none), no lone surrogate.

    Nothing is stored under any other text, so that a look-up need not ask for it.
    """
    return not _UNSTORABLE.search(text)


def checked(name: str) -> str:
    """Check ``name`` and return its key; raises InvalidName."""
    check(name)
    return key(name)


def numbered(name: str, number: int) -> str:
    """Return ``name`` with `` (number)`` before its extension: ``a.txt`` and 2 give ``a (2).txt``.

    The stem is shortened so that the result is never longer than a name may be. A leading dot is no extension.
    """
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > 16 or " " in extension:
        stem, dot, extension = name, "", ""
    mark = f" ({number})"
    room = MAX_LENGTH - len(mark) - len(dot) - len(extension)
    return f"{stem[:room]}{mark}{dot}{extension}"


def _sentence(character: str) -> str:
    if character in _SEPARATORS:
        return 'A name has no "/" and no "\\".'
    if "\ud800" <= character <= "\udfff":
        return "A name is valid Unicode, without half of a surrogate pair."
    return f"A name has no control characters (U+{ord(character):04X})."
