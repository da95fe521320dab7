"""The shape of names: what can name an object, a user, a relation or a kind of user, whatever the model says.

OpenFGA's rules, and what every database can store: nothing else is asked, noted or looked for.
"""

from __future__ import annotations

import re

from authz.errors import InvalidRequest

MAX_OBJECT = 256
"""Characters of ``"type:id"``. A user is an object, perhaps with ``#`` and a relation, and never longer than 512."""
MAX_RELATION = 50
"""Characters of a relation."""

# White space, control characters, and halves of surrogate pairs, which no database takes.
_ODD = r"\s\x00-\x1f\x7f-\x9f\ud800-\udfff"
_OBJECT = re.compile(rf"[^:#@*{_ODD}]{{1,254}}:[^:#{_ODD}]{{1,254}}")
_RELATION = re.compile(rf"[^:#@{_ODD}]{{1,{MAX_RELATION}}}")
_SHOWN = 80


def is_object(value: str) -> bool:
    """Tell whether ``value`` has the shape ``type:id``, a wildcard not counting as one."""
    return len(value) <= MAX_OBJECT and _OBJECT.fullmatch(value) is not None and not value.endswith(":*")


def is_relation(value: str) -> bool:
    """Tell whether ``value`` can be the name of a relation."""
    return _RELATION.fullmatch(value) is not None


def is_user(value: str) -> bool:
    """Tell whether ``value`` has one of the shapes ``type:id``, ``type:*`` and ``type:id#relation``."""
    bare, hash_sign, relation = value.partition("#")
    if hash_sign:
        return is_object(bare) and is_relation(relation)
    return is_object(bare) or (bare.endswith(":*") and is_object(bare[:-1] + "x"))


def require_object(value: str) -> None:
    """Raise InvalidRequest unless ``value`` can name an object."""
    if not is_object(value):
        raise InvalidRequest(f"not an object: {shown(value)}")


def require_objects(value: str) -> None:
    """Raise InvalidRequest unless ``value`` can name an object or, as ``type:``, all objects of a type."""
    require_object(f"{value}x" if value.endswith(":") else value)


def require_relation(value: str) -> None:
    """Raise InvalidRequest unless ``value`` can name a relation."""
    if not is_relation(value):
        raise InvalidRequest(f"not a relation: {shown(value)}")


def require_user(value: str) -> None:
    """Raise InvalidRequest unless ``value`` can name a user."""
    if not is_user(value):
        raise InvalidRequest(f"not a user: {shown(value)}")


def require_question(user: str, relation: str, object: str) -> None:
    """Raise InvalidRequest unless a question can be put together of these."""
    require_user(user)
    require_relation(relation)
    require_object(object)


def shown(value: str) -> str:
    """Return a name as a message shows it: what is odd in it escaped, and not longer than a name."""
    return repr(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}...")
