"""The Django app of authz."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AuthzConfig(AppConfig):
    """Registers tuples and models, and stores the shipped authorization model after a migration."""

    name = "authz"
    label = "authz"
    verbose_name = "Who may do what"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect what follows a migration and the system checks."""
        from authz import checks
        from authz.services.shipped_model import store_shipped_model

        checks.register_checks()
        post_migrate.connect(store_shipped_model, sender=self, dispatch_uid="authz.store_shipped_model")
