"""Access tokens: made, listed, revoked, and recognised at the door in one SQL statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from accounts.credentials import ACCESS_TOKEN_PREFIX, looks_like, new_secret, secret_hash
from accounts.errors import (
    AccessTokenExpired,
    AccountNotFound,
    InvalidAccessToken,
    InvalidLifetime,
    InvalidName,
    Unauthenticated,
)
from accounts.models import AccessToken
from accounts.principal import Principal, actor_of
from accounts.services.token_uses import TOKEN_USES
from authz.services import active_model, rights

MAX_NAME_LENGTH = 100
MIN_LIFETIME = 60
MAX_LIFETIME = 366 * 24 * 3600
"""Seconds."""

# Raw, because every request asks this: building it through the ORM costs more than running it. Which model answers the
# request is read along: so it costs no statement of its own.
_RECOGNISE = f"""
SELECT t.id, t.user_id, u.username, u.is_active, t.expires_at <= %s, {active_model.active_version_sql()}
FROM accounts_accesstoken t JOIN accounts_user u ON u.id = t.user_id
WHERE t.secret_hash = %s AND t.revoked_at IS NULL
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class CreatedAccessToken:
    """A new access token and its secret, which is shown this one time."""

    access_token: AccessToken
    secret: str


def create(principal: Principal, name: str, *, expires_in: int, now: datetime) -> CreatedAccessToken:
    """Make an access token of the one who asks, valid for ``expires_in`` seconds (60 to 31,622,400).

    Raises ``Unauthenticated``, ``InvalidName``, ``InvalidLifetime``.
    """
    if principal.user_id is None:
        raise Unauthenticated
    name = name.strip()
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise InvalidName(f"The name of an access token has 1 to {MAX_NAME_LENGTH} visible characters.")
    if not MIN_LIFETIME <= expires_in <= MAX_LIFETIME:
        raise InvalidLifetime(f"An access token lives {MIN_LIFETIME} to {MAX_LIFETIME} seconds.")
    secret = new_secret(ACCESS_TOKEN_PREFIX)
    with transaction.atomic():
        # A deactivation ends the tokens that are there.
        if not rights.hold(principal.actor):
            raise Unauthenticated
        row = AccessToken.objects.create(
            user_id=principal.user_id,
            name=name,
            secret_hash=secret_hash(secret),
            created_at=now,
            expires_at=now + timedelta(seconds=expires_in),
        )
    return CreatedAccessToken(row, secret)


def revoke(principal: Principal, access_token_id: str, *, now: datetime) -> AccessToken:
    """End one's own access token, from this moment on. Again: nothing changes.

    Raises ``Unauthenticated``; ``AccountNotFound`` for a token that is not there or somebody else's.
    """
    if principal.user_id is None:
        raise Unauthenticated
    row = AccessToken.objects.filter(pk=access_token_id, user_id=principal.user_id).first()
    if row is None:
        raise AccountNotFound
    AccessToken.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=now)
    row.refresh_from_db()
    return row


def of_user(principal: Principal, *, now: datetime) -> list[AccessToken]:
    """Return one's own access tokens that are valid now, newest first."""
    if principal.user_id is None:
        return []
    valid = AccessToken.objects.filter(user_id=principal.user_id, revoked_at=None, expires_at__gt=now)
    return list(valid.order_by("-created_at", "id"))


def authenticate(secret: str, *, now: datetime) -> Principal:
    """Return whose secret this is. One SQL statement; ``last_used_at`` is written later, by ``token_uses``.

    Raises ``InvalidAccessToken`` (unknown, revoked, deactivated person), ``AccessTokenExpired``.
    """
    if not looks_like(secret, ACCESS_TOKEN_PREFIX):
        raise InvalidAccessToken
    with connection.cursor() as cursor:
        cursor.execute(_RECOGNISE, [connection.ops.adapt_datetimefield_value(now), secret_hash(secret)])
        row = cursor.fetchone()
    if row is None:
        raise InvalidAccessToken
    token_id, user_id, username, is_active, expired, version_id = row
    if not is_active:
        raise InvalidAccessToken
    if expired:
        raise AccessTokenExpired
    TOKEN_USES.note(token_id, now)
    active_model.note_active(version_id)
    return Principal(actor=actor_of(user_id), user_id=user_id, username=username, access_token_id=token_id)
