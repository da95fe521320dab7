"""Django's admin pages: people may be renamed and deactivated here; they are made through ``accounts.services``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth import models as django_auth
from django.http import HttpRequest
from django.utils import timezone

from accounts.errors import AccountsError
from accounts.models import AccessToken, Group, User
from accounts.principal import actor_of
from accounts.services import users
from authz.errors import AuthzError
from authz.types import Actor

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _ModelForm = forms.ModelForm[Any]
else:  # Django's classes take no type arguments at run time
    _ModelAdmin, _ModelForm = admin.ModelAdmin, forms.ModelForm

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


class UserForm(_ModelForm):
    """A person; that she is deactivated is up to a service, whose refusals become errors of the form."""

    actor: Actor

    class Meta:
        model = User
        fields = ("display_name", "is_active", "is_staff")

    def clean(self) -> dict[str, Any]:
        """Deactivate, where the rest is valid: only the service can say whether that may be."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and self.instance.is_active and not cleaned["is_active"]:
            try:
                users.deactivate(self.actor, self.instance.pk, now=timezone.now())
            except (AccountsError, AuthzError) as error:
                raise forms.ValidationError(error.message) from None
        return cleaned


@admin.register(User)
class UserAdmin(_NoMakingNoEnding):
    """People. Deactivating one ends her sessions and access tokens at once and for good, and shuts her links."""

    form = UserForm

    list_display = ("username", "display_name", "is_active", "is_staff", "created_at", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("username_key", "display_name")
    fields = ("username", "display_name", "is_active", "is_staff", "created_at", "last_login")
    readonly_fields = ("username", "created_at", "last_login")
    ordering = ("username_key",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Write what the form shows: the service, and whoever signs in meanwhile, have changed other columns."""
        obj.save(update_fields=form.Meta.fields)

    def get_form(self, request: HttpRequest, obj: Any | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Tell the form who is asking."""
        asking = type(UserForm.__name__, (UserForm,), {"actor": actor_of(str(request.user.pk))})
        return super().get_form(request, obj, change, form=asking, **kwargs)


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
