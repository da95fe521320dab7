"""Django's admin pages: people may be renamed and deactivated here; they are made through ``accounts.services``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth import models as django_auth
from django.http import HttpRequest

from accounts.models import AccessToken, Group, User

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:  # Django's ModelAdmin takes no type arguments at run time
    _ModelAdmin = admin.ModelAdmin

# Its rights mean nothing here, and its name would be taken for our groups.
admin.site.unregister(django_auth.Group)


class _NoMakingNoEnding(_ModelAdmin):
    """Rows come and go through services alone, which ask and write permissions too."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Let the address of a list narrow it as its filters do, and in no other way.

        Django takes any column there, and those of the row next to it: ``?password__startswith=a`` would read a hash
        letter by letter.
        """
        return lookup in {f"{name}__exact" for name in self.list_filter}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody."""
        return False


@admin.register(User)
class UserAdmin(_NoMakingNoEnding):
    """People. Deactivating one ends her sessions, access tokens, links and upload URLs at once."""

    list_display = ("username", "display_name", "is_active", "is_staff", "created_at", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("username_key", "display_name")
    fields = ("username", "display_name", "is_active", "is_staff", "created_at", "last_login")
    readonly_fields = ("username", "created_at", "last_login")
    ordering = ("username_key",)


@admin.register(Group)
class GroupAdmin(_NoMakingNoEnding):
    """Groups, to look at."""

    list_display = ("name", "created_at")
    fields = readonly_fields = ("name", "created_at")
    ordering = ("name_key",)


@admin.register(AccessToken)
class AccessTokenAdmin(_NoMakingNoEnding):
    """Access tokens, to look at; never their hashes."""

    list_display = ("name", "user", "created_at", "expires_at", "last_used_at", "revoked_at")
    fields = readonly_fields = ("name", "user", "created_at", "expires_at", "last_used_at", "revoked_at")
    ordering = ("-created_at",)
