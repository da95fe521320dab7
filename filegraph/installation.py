"""What ``filegraph setup`` prepares, and whether it is prepared. Running it again changes nothing that is there."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from storage.models import Backend
from storage.services import backends

DEFAULT_STORE = "default"


def prepare() -> list[str]:
    """Make tables and the first store; return a sentence for each thing that was done."""
    Path(settings.DATA_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)
    done: list[str] = []
    pending = unapplied_migrations()
    if pending:
        call_command("migrate", verbosity=0, interactive=False)
        done.append(f"The database is up to date ({pending} migrations).")
    if not Backend.objects.exists():
        root = Path(settings.DATA_DIR) / "objects"
        backends.create_unasked(DEFAULT_STORE, "local", config={"root": str(root)})
        done.append(f"Files will be kept in {root}.")
    return done


def is_prepared() -> bool:
    """Return whether ``prepare`` has run for this version."""
    try:
        return bool(settings.SECRET_KEY) and unapplied_migrations() == 0
    except (ImproperlyConfigured, OperationalError):
        # No key, or not even a directory for the database.
        return False


def unapplied_migrations() -> int:
    """Return how many migrations the database lacks."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
