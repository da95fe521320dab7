"""The first administrator. There is no default password: a token printed at the start of the server makes her."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from accounts.credentials import SETUP_TOKEN_PREFIX, looks_like, new_secret, secret_hash
from accounts.errors import AlreadySetUp, InvalidSetupToken
from accounts.models import SetupToken
from accounts.permissions import administrator_exists
from accounts.services import sessions, users

LIFETIME = timedelta(minutes=30)


def issue_token(*, now: datetime) -> str | None:
    """Return a new setup token, valid once and for 30 minutes; None: there is an administrator.

    Those before it stay good for their time: each process of an installation prints its own. One makes all void.
    """
    if administrator_exists():
        return None
    secret = new_secret(SETUP_TOKEN_PREFIX)
    SetupToken.objects.filter(expires_at__lte=now).delete()
    SetupToken.objects.create(secret_hash=secret_hash(secret), expires_at=now + LIFETIME)
    return secret


def complete(token: str, username: str, password: str, *, now: datetime) -> sessions.SignedIn:
    """Make the first administrator and sign her in. All tokens are spent in the same transaction: of several callers at
    once, one succeeds; after a refused name or password they are still good.

    Raises ``AlreadySetUp``, ``InvalidSetupToken``, ``InvalidName``, ``WeakPassword``.
    """
    with transaction.atomic():
        # Whoever comes second waits here: only then can she be told whether there is an administrator.
        tokens = list(SetupToken.objects.select_for_update().order_by("id"))
        if administrator_exists():
            raise AlreadySetUp
        valid = {each.secret_hash for each in tokens if each.expires_at > now}
        if not looks_like(token, SETUP_TOKEN_PREFIX) or secret_hash(token) not in valid:
            raise InvalidSetupToken
        SetupToken.objects.all().delete()
        user = users.create_unasked(username, password, administrator=True)
        return sessions.begin(user, now=now)
