"""People. What a person may do stands in authz and in no column here: there is no superuser.

``is_staff`` is Django's word for who is shown the door of the admin pages. What is behind it asks authz each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from django.contrib import auth
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from accounts.names import MAX_LENGTH, clean_name, name_key
from authz.identifiers import LENGTH, new_identifier


class UserManager(BaseUserManager["User"]):
    """Makes and finds people by username, whatever its case or width."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        """Insert a person, asking no permission and writing no tuple (``accounts.services.users`` does)."""
        user = self.model(username=clean_name(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the person of this username; raises ``User.DoesNotExist``."""
        return self.get(username_key=name_key(username or ""))


class User(AbstractBaseUser):
    """A person with an account. ``user:<id>`` is what authz calls her.

    ``username`` is what she typed (NFKC), ``username_key`` what is compared (NFKC, case-folded). ``times_ended`` counts
    how often all of her sessions ended together: what carries another number is none.
    """

    id = models.CharField(primary_key=True, max_length=LENGTH, default=new_identifier, editable=False)
    username = models.CharField(max_length=MAX_LENGTH, unique=True)
    username_key = models.CharField(max_length=4 * MAX_LENGTH, unique=True, editable=False)
    display_name = models.CharField(max_length=255, blank=True, default="")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    times_ended = models.PositiveIntegerField(default=0, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "accounts_user"

    def __str__(self) -> str:
        return self.username

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep ``username_key`` in step with ``username``."""
        self.username_key = name_key(self.username)
        super().save(*args, **kwargs)

    def get_session_auth_hash(self) -> str:
        """Return what a session of hers carries: as long as it stays the same, the session lasts."""
        return self._counted(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """Yield what a session carries that began under an earlier secret key."""
        return map(self._counted, super().get_session_auth_fallback_hash())

    def _counted(self, hash_: str) -> str:
        return f"{hash_} {self.times_ended}" if self.times_ended else hash_

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Return what the configured sign-in backends say (``accounts.services.admin_login``): they ask authz."""
        return any(backend.has_perm(self, perm, obj) for backend in auth.get_backends())

    def has_perms(self, perm_list: Iterable[str], obj: Any = None) -> bool:
        """Return whether ``has_perm`` is true for each."""
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        """Return the same: there is one right for all admin pages."""
        return self.has_perm(app_label)
