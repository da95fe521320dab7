"""What a username or group name may look like, and how two of them compare. No Django, no database."""

from __future__ import annotations

import unicodedata

from accounts.errors import InvalidName

MAX_LENGTH = 150
"""Code points of a username or group name."""

_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
# Characters with a meaning in "user:<id>", "group:g#member", addresses and command lines.
_FORBIDDEN = frozenset(":#*/\\\"'<>?%&")


def name_key(name: str) -> str:
    """Return the form in which names are compared: NFKC and case-folded, twice, so that it is stable.

    A text that is longer than any name is left as it is and names nobody: to compose it can take time quadratic in its
    length, all other threads standing still.
    """
    if len(name) > MAX_LENGTH:
        return name
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded).casefold()


def clean_name(name: str) -> str:
    """Return the name as it is kept: NFKC, 1 to 150 visible characters without spaces.

    Raises ``InvalidName`` with one clear sentence otherwise.
    """
    if not name:
        raise InvalidName("The name is empty.")
    # Judged before it is composed as well: see ``name_key``.
    normal = unicodedata.normalize("NFKC", name) if len(name) <= MAX_LENGTH else name
    if len(normal) > MAX_LENGTH:
        raise InvalidName(f"The name has more than {MAX_LENGTH} characters.")
    for character in normal:
        if character in _FORBIDDEN or unicodedata.category(character) in _FORBIDDEN_CATEGORIES:
            raise InvalidName(f"The name may not contain the character U+{ord(character):04X}.")
    return normal
