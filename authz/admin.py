"""Django's admin pages: tuples, models and the audit to look at. They are changed through services alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
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


class _NamingAdmin(ReadOnlyAdmin):
    """Rows that name users and an object, searched by a whole name: for that, and for no part of it, is an index."""

    search_fields: ClassVar[tuple[str, ...]] = ("subject",)
    search_help_text = 'A whole name of the authorization model: "user:<id>", "group:<id>#member", "file:<id>".'
    show_full_result_count = False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find what names the term as the object, or in one of ``search_fields``."""
        if not search_term:
            return queryset, False
        object_type, _, object_id = search_term.partition(":")
        found = Q(object_type=object_type, object_id=object_id)
        for name in self.search_fields:
            found |= Q((name, search_term))
        return queryset.filter(found), False


@admin.register(RelationshipTuple)
class RelationshipTupleAdmin(_NamingAdmin):
    """Stored tuples, the newest first."""

    list_display = ("subject", "relation", "object_type", "object_id", "created_at")
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
class AuditEntryAdmin(_NamingAdmin):
    """Who did what to permissions, the newest first, searched also by who did it."""

    list_display = (
        "created_at",
        "actor",
        "operation",
        "subject",
        "relation",
        "object_type",
        "object_id",
        "note",
        "request",
    )
    search_fields = ("actor", "subject")
    ordering = ("-id",)
