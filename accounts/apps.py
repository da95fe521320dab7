"""The Django app of accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers people, groups and access tokens."""

    name = "accounts"
    label = "accounts"
    verbose_name = "People, groups and their tokens"
    default_auto_field = "django.db.models.BigAutoField"
