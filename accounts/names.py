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
    normal = _composed(name)
    if len(normal) > MAX_LENGTH:
        raise InvalidName(f"The name has more than {MAX_LENGTH} characters.")
    for character in normal:
        if character in _FORBIDDEN or unicodedata.category(character) in _FORBIDDEN_CATEGORIES:
            raise InvalidName(f"The name may not contain the character U+{ord(character):04X}.")
    return normal


def clean_group_name(name: str) -> str:
    """Return the name of a group as it is kept: as typed, without the spaces around it. Raises ``InvalidName``."""
    name = name.strip()
    # One letter may stand for many (U+FDFA for 18), and what is compared has to fit its column.
    if not name or not name.isprintable() or len(_composed(name)) > MAX_LENGTH:
        raise InvalidName(f"The name of a group has 1 to {MAX_LENGTH} visible characters.")
    return name


def _composed(name: str) -> str:
    """Return NFKC of a name; one that is too long is left as it is, see ``name_key``."""
    return unicodedata.normalize("NFKC", name) if len(name) <= MAX_LENGTH else name
