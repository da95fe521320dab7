"""The door: whose request this is, found once. Everybody behind it gets a ``Principal`` as an argument."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.http.cookie import parse_cookie

from accounts.errors import InvalidAccessToken
from accounts.principal import VISITOR, Principal
from accounts.services import access_tokens, sessions


def identify(headers: Mapping[str, str], *, now: datetime) -> Principal:
    """Return who sent these headers (lower-case names): ``authorization: Bearer`` first, else the session cookie.

    Nobody is a visitor; a session that has ended is a visitor too. Whether a cookie came with its CSRF token is the
    caller's question (``accounts.csrf``), for it knows what the request is going to do. At most two SQL statements.

    Raises ``InvalidAccessToken``, ``AccessTokenExpired``: a bearer token that is not valid is never just ignored.
    """
    authorization = headers.get("authorization", "")
    if authorization:
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise InvalidAccessToken("Only bearer tokens are understood here.")
        return access_tokens.authenticate(secret.strip(), now=now)
    cookie = headers.get("cookie", "")
    session_key = parse_cookie(cookie).get(settings.SESSION_COOKIE_NAME, "") if cookie else ""
    return sessions.authenticate(session_key, now=now) if session_key else VISITOR
