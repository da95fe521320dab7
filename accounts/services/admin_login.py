"""How Django's admin pages ask accounts: the same sign-in limit, and rights from authz."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest
from django.utils import timezone

from accounts.errors import AccountsError
from accounts.models import User
from accounts.permissions import is_administrator
from accounts.principal import actor_of
from accounts.services import sessions


class AdminLogin(BaseBackend):
    """Lets administrators of the organization into the admin pages. Django's own rights play no part."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """Return the person of these credentials, or None."""
        if username is None or password is None:
            return None
        address = request.META.get("REMOTE_ADDR", "") if request is not None else ""
        try:
            # Django calls this with no clock, so here, at the edge, it is read.
            return sessions.verify(username, password, address=address, now=timezone.now())
        except AccountsError:
            return None

    def get_user(self, user_id: Any) -> User | None:
        """Return the active person of this id, or None."""
        return User.objects.filter(pk=user_id, is_active=True).first()

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """Return whether the person administers the organization: one right for all admin pages."""
        return bool(user_obj.is_active) and is_administrator(actor_of(user_obj.pk))
