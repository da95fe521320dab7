"""Django's admin pages: backends and drives can be made and changed, all else is only shown.

Both go through ``storage.services``, which ask permission as for anybody and hold the rules; a form here is a caller
like a mutation. Files, uploads and rights are changed through the API alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from authz.errors import AuthzError
from authz.types import Actor
from storage.errors import StorageError
from storage.models import Backend, Drive, Item, Upload
from storage.services import backends, drives

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _ModelForm = forms.ModelForm[Any]
else:  # Django's classes take no type arguments at run time
    _ModelAdmin, _ModelForm = admin.ModelAdmin, forms.ModelForm


class _ListedLookups(_ModelAdmin):
    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Let the address of a list narrow it as its filters do, and in no other way.

        Django takes any column there, and those of the row next to it: ``?created_by__password__startswith=a`` would
        read a hash letter by letter.
        """
        return lookup in {f"{name}{end}" for name in self.list_filter for end in ("__exact", "__id__exact")}


class _ReadOnly(_ListedLookups):
    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds rows here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes rows here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes rows here."""
        return False


class _ServiceForm(_ModelForm):
    """A form whose row is saved by a service: its refusals become errors of the form."""

    actor: Actor
    actor_id: str

    def save_row(self, values: dict[str, Any]) -> Any:
        """Call the service and return the row it saved; raises StorageError and AuthzError."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        """Save the row, where the rest is valid: only the service can say whether it may be."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                self.instance = self.save_row(cleaned)
            except (StorageError, AuthzError) as error:
                raise forms.ValidationError(error.message) from None
        return cleaned


class _ServiceAdmin(_ListedLookups):
    """Pages over forms of that kind: nothing here saves or deletes a row by itself."""

    def form_for(self, obj: Any | None) -> tuple[type[_ServiceForm], tuple[str, ...]]:
        """Return the form for a row, or for a new one, and its fields."""
        raise NotImplementedError

    def get_form(self, request: HttpRequest, obj: Any | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Tell the form who is asking."""
        base, fields = self.form_for(obj)
        asking = type(base.__name__, (base,), {"actor": Actor(f"user:{request.user.pk}"), "actor_id": request.user.pk})
        return super().get_form(request, obj, change, form=asking, fields=fields)

    def get_fields(self, request: HttpRequest, obj: Any | None = None) -> tuple[str, ...]:
        """Show what the service takes, and what is fixed."""
        return (*self.form_for(obj)[1], *self.get_readonly_fields(request, obj))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Do nothing: the service has saved it."""

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Nobody: bytes may lie there, and they are deleted through the API."""
        return False


class BackendForm(_ServiceForm):
    """A backend as ``storage.services.backends`` takes it. Fields that are not shown keep their value."""

    class Meta:
        model = Backend
        fields = ("name", "driver", "config", "writable")

    def save_row(self, values: dict[str, Any]) -> Backend:
        """Create or change the backend."""
        row = self.instance
        config = values.get("config", row.config) or {}
        if not isinstance(config, dict):
            raise forms.ValidationError({"config": "The configuration is a JSON object."})
        driver = values.get("driver", row.driver)
        if row._state.adding:
            return backends.create(
                self.actor, values["name"], driver, config=config, writable=values["writable"], now=timezone.now()
            )
        return backends.change(
            self.actor,
            row.pk,
            name=values["name"],
            driver=driver,
            config=config,
            writable=values["writable"],
            now=timezone.now(),
        )


@admin.register(Backend)
class BackendAdmin(_ServiceAdmin):
    """Backends. Where bytes are kept is fixed as soon as a drive keeps its bytes there."""

    list_display = ("name", "driver", "writable", "created_at")

    def form_for(self, obj: Backend | None) -> tuple[type[_ServiceForm], tuple[str, ...]]:
        """Return all fields, or those that may change while the backend is used."""
        used = obj is not None and backends.is_used(obj.pk)
        return BackendForm, ("name", "writable") if used else ("name", "driver", "config", "writable")

    def get_readonly_fields(self, request: HttpRequest, obj: Backend | None = None) -> tuple[str, ...]:
        """Show the id, which ``createDrive`` takes, and what is fixed in a backend that is used."""
        if obj is None:
            return ()
        return ("driver", "config", "id") if backends.is_used(obj.pk) else ("id",)


class NewDriveForm(_ServiceForm):
    """What ``drives.create`` takes."""

    class Meta:
        model = Drive
        fields = ("name", "backend", "prefix", "quota_bytes")

    def save_row(self, values: dict[str, Any]) -> Drive:
        """Create the drive."""
        return drives.create(
            self.actor,
            self.actor_id,
            values["name"],
            backend_id=values["backend"].pk,
            prefix=values["prefix"],
            quota_bytes=values["quota_bytes"],
            now=timezone.now(),
        )


class DriveForm(_ServiceForm):
    """What ``drives.change`` takes."""

    archived = forms.BooleanField(required=False, help_text="An archived drive can be read and takes no changes.")

    class Meta:
        model = Drive
        fields = ("quota_bytes",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("archived", self.instance.archived_at is not None)

    def save_row(self, values: dict[str, Any]) -> Drive:
        """Change quota and archive date."""
        return drives.change(
            self.actor,
            self.instance.pk,
            quota_bytes=values["quota_bytes"],
            archived=values["archived"],
            now=timezone.now(),
        )


@admin.register(Drive)
class DriveAdmin(_ServiceAdmin):
    """Drives: later only the quota, and whether it is archived, can be changed."""

    list_display = ("name", "backend", "used_bytes", "reserved_bytes", "quota_bytes", "archived_at")
    search_fields = ("name",)

    def form_for(self, obj: Drive | None) -> tuple[type[_ServiceForm], tuple[str, ...]]:
        """Return for a new drive what can be chosen once, for an old one what can be changed."""
        if obj is None:
            return NewDriveForm, ("name", "backend", "prefix", "quota_bytes")
        return DriveForm, ("quota_bytes", "archived")


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
