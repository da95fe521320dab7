"""Django's admin pages: tuples, models and the audit to look at. They are changed through services alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from authz.models import AuditEntry, AuthorizationModelVersion, ModelActivation, RelationshipTuple

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:  # Django's ModelAdmin takes no type arguments at run time
    _ModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(_ModelAdmin):
    """A page that shows rows and changes none."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody."""
        return False


@admin.register(RelationshipTuple)
class RelationshipTupleAdmin(ReadOnlyAdmin):
    """Stored tuples, searched by their exact subject or object id: a substring would scan the table."""

    list_display = ("subject", "relation", "object_type", "object_id", "created_at")
    search_fields = ("=subject", "=object_id")
    show_full_result_count = False
    ordering = ("-id",)


@admin.register(AuthorizationModelVersion)
class AuthorizationModelVersionAdmin(ReadOnlyAdmin):
    """Versions of the authorization model, the newest first."""

    list_display = ("id", "origin", "schema_version", "author", "note", "created_at")
    ordering = ("-created_at",)


@admin.register(ModelActivation)
class ModelActivationAdmin(ReadOnlyAdmin):
    """Which version was activated when, the latest first: that one is in force."""

    list_display = ("id", "version", "activated_at", "author", "note")
    ordering = ("-id",)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did what to permissions, the newest first, searched by who did it or whom it is about."""

    list_display = ("created_at", "actor", "operation", "subject", "relation", "object_type", "object_id", "note")
    search_fields = ("=actor", "=subject")
    show_full_result_count = False
    ordering = ("-id",)
