"""What ``filegraph setup`` prepares, and whether it is prepared. Running it again changes nothing that is there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from authz.services import remote_engine, shipped_model
from filegraph import store_problems
from filegraph.environment import variable
from filegraph.first_store import FirstStore
from filegraph.setup_lock import setup_lock
from storage.models import Backend
from storage.services import backends

DEFAULT_STORE = "default"


class SetupFailed(Exception):
    """The first store, or the permission engine, cannot be used; the message is one sentence that names a setting."""


def prepare() -> list[str]:
    """Make tables, the first store and what the permission engine needs; return a sentence for each thing done.

    Of several callers at once, one does it and the others find it done. Raises SetupFailed.
    """
    data_dir = Path(settings.DATA_DIR)
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with setup_lock(data_dir):
        return _prepare()


def _prepare() -> list[str]:
    pending = unapplied_migrations()
    # Before anything is made. Where nothing is left to be told to it, an engine that is away does not hold up a start.
    problem = remote_engine.problem(prepared=False)
    if problem is not None and not (problem.passing and not pending and remote_engine.is_prepared()):
        raise SetupFailed(problem.sentence)
    done: list[str] = []
    if pending:
        call_command("migrate", verbosity=0, interactive=False)
        done.append(f"The database is up to date ({pending} migrations).")
    # A release may bring another model and no migration.
    shipped_model.store_shipped_model()
    if left := remote_engine.abandoned():
        raise SetupFailed(left.sentence)
    if not Backend.objects.exists():
        done.append(_make_first_store(settings.FIRST_STORE))
    if problem is None:
        done += remote_engine.prepare(now=datetime.now(UTC))
    newer = shipped_model.tell_of_newer()
    return done if newer is None else [*done, newer]


def _make_first_store(wanted: FirstStore) -> str:
    def make() -> None:
        backends.create_unasked(DEFAULT_STORE, wanted.driver, config=wanted.config, now=datetime.now(UTC))

    problem = store_problems.of_store(DEFAULT_STORE, wanted.config, make, prefix=variable("s3_"))
    if problem is not None:
        raise SetupFailed(problem.sentence)
    return wanted.sentence


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
