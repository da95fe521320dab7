"""People. What a person may do stands in authz; ``is_staff`` only opens Django's admin pages."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
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

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> User:
        """Insert a person who may open Django's admin pages."""
        return self.create_user(username, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the person of this username; raises ``User.DoesNotExist``."""
        return self.get(username_key=name_key(username or ""))


class User(AbstractBaseUser, PermissionsMixin):
    """A person with an account. ``user:<id>`` is what authz calls her.

    ``username`` is what she typed (NFKC), ``username_key`` what is compared (NFKC, case-folded).
    """

    id = models.CharField(primary_key=True, max_length=LENGTH, default=new_identifier, editable=False)
    username = models.CharField(max_length=MAX_LENGTH, unique=True)
    username_key = models.CharField(max_length=4 * MAX_LENGTH, unique=True, editable=False)
    display_name = models.CharField(max_length=255, blank=True, default="")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

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

    @property
    def actor(self) -> str:
        """The person's name in authz."""
        return f"user:{self.pk}"
