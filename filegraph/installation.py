"""What ``filegraph setup`` prepares, and whether it is prepared. Running it again changes nothing that is there,
but for the first store, which follows its settings as long as it keeps its files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from authz.services import remote_engine, shipped_model
from filegraph import engine_problems, store_problems
from filegraph.first_store import STORE_NAME, FirstStore
from filegraph.setup_lock import setup_lock
from storage.errors import Conflict
from storage.models import Backend
from storage.services import backends


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
    problem = engine_problems.of_engine(prepared=False)
    if problem is not None and not (problem.passing and not pending and remote_engine.is_prepared()):
        # What is noted of the store is in a table. That it is gone says more than that a setting names no store.
        lost = engine_problems.of_store() if not pending else None
        raise SetupFailed((lost or problem).sentence)
    done: list[str] = []
    if pending:
        call_command("migrate", verbosity=0, interactive=False)
        done.append(f"The database is up to date ({pending} migrations).")
    # A release may bring another model and no migration.
    shipped_model.store_shipped_model()
    if left := engine_problems.of_choice():
        raise SetupFailed(left.sentence)
    done += _keep_stores(settings.FIRST_STORE)
    if problem is None:
        done += _prepare_engine()
    newer = shipped_model.tell_of_newer()
    return done if newer is None else [*done, newer]


def _prepare_engine() -> list[str]:
    done: list[str] = []
    problem = engine_problems.of_asking(lambda: done.extend(remote_engine.prepare(now=datetime.now(UTC))))
    if problem is not None:
        raise SetupFailed(problem.sentence)
    return done


def _keep_stores(wanted: FirstStore) -> list[str]:
    """Make the first store, or have its row say what the settings say, and try the keys of all."""
    done = []
    row = Backend.objects.filter(name=STORE_NAME).first()
    if row is not None and wanted.changes(row.driver, row.config):
        done.append(_follow(row, wanted))
    elif not Backend.objects.exists():
        _try_store(wanted, partial(backends.create_unasked, STORE_NAME))
        done.append(f"Files will be kept in {wanted.place}.")
    for problem in store_problems.of_stores():
        if not problem.passing:
            raise SetupFailed(problem.sentence)
        done.append(f"{problem.sentence} The server starts without it.")
    return done


def _follow(row: Backend, wanted: FirstStore) -> str:
    changes = wanted.changes(row.driver, row.config)

    def reconfigure(driver: str, *, config: Mapping[str, Any], now: datetime) -> None:
        try:
            backends.reconfigure_unasked(row.id, driver, config=config, now=now)
        except Conflict:
            names = ", ".join(f"{name} (was: {value})" for name, value in changes.items())
            raise SetupFailed(
                f"{names}: the files of this installation are not in {wanted.place}. "
                "Set that back, or bring them there first."
            ) from None

    _try_store(wanted, reconfigure)
    return f"The store {STORE_NAME} follows {', '.join(changes)}."


def _try_store(wanted: FirstStore, make: Callable[..., object]) -> None:
    """Make the store of the settings. Raises SetupFailed by the name of the setting that is to blame."""
    make = partial(make, wanted.driver, config=wanted.config, now=datetime.now(UTC))
    problem = store_problems.of_store(STORE_NAME, wanted.config, make, wanted=wanted)
    if problem is not None:
        raise SetupFailed(problem.sentence)


def unfollowed_changes() -> str | None:
    """Return a sentence with the settings of the store that changed since ``prepare`` has run, or None."""
    row = Backend.objects.filter(name=STORE_NAME).first()
    changes = settings.FIRST_STORE.changes(row.driver, row.config) if row is not None else ()
    return f"{', '.join(changes)} changed since this installation was prepared." if changes else None


def is_there() -> bool:
    """Return whether ``prepare`` has ever run here: there is a key and, in the data directory or elsewhere, a database.

    Whoever stands in another folder than usual has another data directory, and finds nothing in it.
    """
    try:
        has_key = bool(settings.SECRET_KEY)
    except ImproperlyConfigured:
        return False
    return has_key and (connection.vendor != "sqlite" or Path(connection.settings_dict["NAME"]).exists())


def is_prepared() -> bool:
    """Return whether ``prepare`` has run for this version. Raises what the database raises."""
    return unapplied_migrations() == 0


def unapplied_migrations() -> int:
    """Return how many migrations the database lacks."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
