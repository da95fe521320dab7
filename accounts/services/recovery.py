"""An administrator by the hand of whoever has the machine: where nobody can sign in any more who could make one."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import AccessToken, User
from accounts.names import clean_name, name_key
from accounts.permissions import grant_organization
from accounts.principal import actor_of
from accounts.services import passwords, users
from authz.types import OPERATOR


def make_administrator(username: str, password: str, *, now: datetime) -> User:
    """Make somebody an administrator who signs in by ``password``, whether she has an account or not; nobody is asked.

    An account that was there is active again, and its sessions and access tokens end: whoever may have taken it over is
    out. Raises ``InvalidName``, ``UsernameTaken`` (somebody else makes the account now), ``WeakPassword``.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().filter(username_key=name_key(clean_name(username))).first()
        if user is None:
            return users.create_unasked(username, password, administrator=True, actor=OPERATOR)
        passwords.judge(password, user)
        # Sessions carry a hash of the password.
        user.set_password(password)
        user.is_active = user.is_staff = True
        user.save(update_fields=["password", "is_active", "is_staff"])
        AccessToken.objects.filter(user=user, revoked_at=None).update(revoked_at=now)
        grant_organization(actor_of(user.pk), administrator=True, actor=OPERATOR)
        return user
