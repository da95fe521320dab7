"""Django's admin pages: backends and drives can be made, all else is only shown.

A drive is made by ``storage.services.drives``, so that its root folder and its owner exist and permission is asked as
for anybody. Files, uploads and rights are changed through the API alone: here it would be behind the back of authz.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from authz.types import Actor
from storage.errors import StorageError
from storage.models import Backend, Drive, Item, Upload
from storage.services import drives

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _ModelForm = forms.ModelForm[Drive]
else:  # Django's classes take no type arguments at run time
    _ModelAdmin, _ModelForm = admin.ModelAdmin, forms.ModelForm


class _ReadOnly(_ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds rows here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes rows here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes rows here."""
        return False


@admin.register(Backend)
class BackendAdmin(_ModelAdmin):
    """Backends. A backend in use cannot be deleted: its drives protect it."""

    list_display = ("name", "driver", "writable", "created_at")
    fields = ("name", "driver", "config", "writable")


class DriveForm(_ModelForm):
    """A drive that ``drives.create`` can make: its refusals become errors of the form."""

    actor: Actor
    actor_id: str

    class Meta:
        model = Drive
        fields = ("name", "backend", "prefix", "quota_bytes")

    def clean(self) -> dict[str, Any]:
        """Create the drive, where the rest is valid: only the service can say whether it may be."""
        cleaned = super().clean() or self.cleaned_data
        if self.instance._state.adding and not self.errors:
            try:
                self.instance = drives.create(
                    self.actor,
                    self.actor_id,
                    cleaned["name"],
                    backend_id=cleaned["backend"].pk,
                    prefix=cleaned["prefix"],
                    quota_bytes=cleaned["quota_bytes"],
                    now=timezone.now(),
                )
            except StorageError as error:
                raise forms.ValidationError(error.message) from None
        return cleaned


@admin.register(Drive)
class DriveAdmin(_ModelAdmin):
    """Drives: made by the service; later only quota and archive date can be changed."""

    form = DriveForm
    list_display = ("name", "backend", "used_bytes", "reserved_bytes", "quota_bytes", "archived_at")
    search_fields = ("name",)

    def get_form(self, request: HttpRequest, obj: Drive | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Tell the form who is asking."""
        if obj is not None:
            return super().get_form(request, obj, change, form=forms.ModelForm, fields=("quota_bytes", "archived_at"))
        form = super().get_form(request, obj, change, **kwargs)
        return type("DriveForm", (form,), {"actor": Actor(f"user:{request.user.pk}"), "actor_id": request.user.pk})

    def get_fields(self, request: HttpRequest, obj: Drive | None = None) -> tuple[str, ...]:
        """Show for a new drive what the service takes, and for an old one what may be changed."""
        if obj is None:
            return ("name", "backend", "prefix", "quota_bytes")
        return ("quota_bytes", "archived_at")

    def save_model(self, request: HttpRequest, obj: Drive, form: Any, change: bool) -> None:
        """Save a changed drive, and nothing but those two columns; a new one was saved by the service."""
        if change:
            obj.save(update_fields=["quota_bytes", "archived_at"])

    def has_delete_permission(self, request: HttpRequest, obj: Drive | None = None) -> bool:
        """Drives are emptied through the API; nothing here deletes bytes."""
        return False


@admin.register(Item)
class ItemAdmin(_ReadOnly):
    """Folders and files."""

    list_display = ("name", "kind", "drive", "size", "content_type", "updated_at", "trashed_at")
    list_filter = ("kind", "drive")
    search_fields = ("id", "name")
    list_select_related = ("drive",)
    show_full_result_count = False


@admin.register(Upload)
class UploadAdmin(_ReadOnly):
    """Uploads."""

    list_display = ("name", "state", "failure", "drive", "declared_size", "created_at", "expires_at")
    list_filter = ("state",)
    search_fields = ("id", "name", "actor")
    list_select_related = ("drive",)
    show_full_result_count = False
