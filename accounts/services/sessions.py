"""Browser sessions. They are Django's own, so that whoever signs in here is signed in at the admin pages too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models import CharField
from django.db.models.expressions import RawSQL
from django.utils.crypto import constant_time_compare

from accounts.errors import InvalidCredentials
from accounts.models import User
from accounts.names import name_key
from accounts.principal import VISITOR, Principal, actor_of
from accounts.services import passwords
from accounts.services.sign_in_limit import Attempt
from authz.services import active_model


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session. ``session_key`` is the value of the cookie ``settings.SESSION_COOKIE_NAME``."""

    principal: Principal
    user: User
    session_key: str


def verify(username: str, password: str, *, address: str, now: datetime) -> User:
    """Return the person of these credentials. The work is the same for names that do not exist.

    ``address`` is the client's IP address, or "" when it is not known. Raises ``InvalidCredentials``, ``RateLimited``.
    """
    attempt = Attempt(username, address, now=now)
    user = _find(username)
    if not passwords.matches(password, user) or user is None or not user.is_active:
        raise InvalidCredentials
    attempt.succeeded()
    return user


def sign_in(username: str, password: str, *, address: str, now: datetime) -> SignedIn:
    """Begin a session of the person of these credentials. Raises ``InvalidCredentials``, ``RateLimited``."""
    return begin(verify(username, password, address=address, now=now), now=now)


def begin(user: User, *, now: datetime) -> SignedIn:
    """Begin a session, always under a new key: one that a stranger planted before is worth nothing."""
    store = SessionStore()
    store[SESSION_KEY] = user.pk
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    session_key = store.session_key or ""
    User.objects.filter(pk=user.pk).update(last_login=now)
    return SignedIn(_principal(user, session_key), user, session_key)


def sign_out(principal: Principal) -> None:
    """End the session of the one who asks; nothing happens without one."""
    if principal.session_key:
        Session.objects.filter(session_key=principal.session_key).delete()


def authenticate(session_key: str, *, now: datetime) -> Principal:
    """Return whose session this is, in two SQL statements; a visitor if it is nobody's (any more).

    A session ends by itself when the password changes: it carries a hash of it.
    """
    if not session_key.isascii() or "\0" in session_key:
        return VISITOR
    # Which model answers the request is read along: so it costs no statement of its own.
    found = Session.objects.filter(session_key=session_key, expire_date__gt=now).annotate(
        version_id=RawSQL(active_model.active_version_sql(), [], CharField())  # noqa: S611
    )
    row = found.values_list("session_data", "version_id").first()
    if row is None:
        return VISITOR
    encoded, version_id = row
    active_model.note_active(version_id)
    content = SessionStore().decode(encoded)
    user = User.objects.filter(pk=content.get(SESSION_KEY), is_active=True).first()
    if user is None or not _password_unchanged(user, content.get(HASH_SESSION_KEY, "")):
        return VISITOR
    return _principal(user, session_key)


def forget_expired(*, now: datetime) -> int:
    """Delete the rows of sessions whose time is over; return how many."""
    return Session.objects.filter(expire_date__lt=now).delete()[0]


def _password_unchanged(user: User, hash_: str) -> bool:
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(hash_, each) for each in hashes)


def _find(username: str) -> User | None:
    if "\0" in username or len(username) > 1000:
        return None
    try:
        username.encode()
    except UnicodeEncodeError:
        return None
    return User.objects.filter(username_key=name_key(username)).first()


def _principal(user: User, session_key: str) -> Principal:
    return Principal(actor=actor_of(user.pk), user_id=user.pk, username=user.username, session_key=session_key)
