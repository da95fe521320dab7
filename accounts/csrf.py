"""The CSRF token of a browser session: an HMAC of the session key, so that nothing has to be stored."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

_SALT = "filegraph.accounts.csrf"


def csrf_token(session_key: str) -> str:
    """Return the token (64 hex digits) that requests of this session must carry in ``X-CSRFToken``."""
    return _token(session_key, settings.SECRET_KEY)


def csrf_token_is_valid(session_key: str, token: str) -> bool:
    """Return whether the token belongs to this session. Former secret keys count while they are fallbacks."""
    keys: Sequence[str | bytes] = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    # No early end: the time must not tell which key matched.
    matches = [constant_time_compare(token, _token(session_key, key)) for key in keys]
    return any(matches)


def _token(session_key: str, secret: str | bytes) -> str:
    return salted_hmac(_SALT, session_key, secret=secret, algorithm="sha256").hexdigest()
