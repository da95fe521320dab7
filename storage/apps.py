"""The Django app of storage."""

from django.apps import AppConfig


class StorageConfig(AppConfig):
    """Registers the rows of storage."""

    name = "storage"
    verbose_name = "Drives and files"

    def ready(self) -> None:
        """Register the system checks."""
        from storage import checks  # noqa: F401
