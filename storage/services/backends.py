"""Backends: where bytes are kept, as rows. What a driver does stands in ``storage.backends``.

A drive relies on its backend for good: the rows of its blobs name keys, not places. So driver and configuration are
fixed as soon as a drive uses the backend; only its name, and whether it takes new bytes, can change then. Setup alone
changes more, because no process has begun by what the row said before, and looks for the bytes first. A store is tried
before it is relied on: what it does not do is found out now, and not by the first person who uploads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction

from authz.identifiers import new_identifier
from authz.services import rights
from authz.types import Actor
from storage import registry
from storage.errors import (
    BackendUnavailable,
    Conflict,
    InvalidArgument,
    InvalidName,
    NameTaken,
    NotFound,
    PermissionDenied,
)
from storage.models import Backend, Blob, Drive
from storage.permissions import Permission, require_of_backend
from storage.services import mirror

MAX_NAME = 100
"""Characters: what the column holds."""
LENT = "STORE_"
"""How the variables of the environment begin that a configuration may name. Who makes a store chooses the address that
their values are sent to, and the process has others that are none of hers: the key that signs sessions, the database.
"""
SAMPLE = 16
"""Files that are looked for where a store is said to be now: half a copy passes once in 65,536 times."""


def create(
    actor: Actor, name: str, driver: str, *, config: Mapping[str, Any], writable: bool = True, now: datetime
) -> Backend:
    """Make a backend; needs ``can_configure``, which administrators have on every backend.

    ``driver`` is a key of FILEGRAPH_STORAGE_BACKEND_CLASSES. Raises PermissionDenied, InvalidName, NameTaken,
    InvalidArgument, BackendUnavailable (the driver cannot be made of this configuration, or the store does not do what
    the driver promises; its message has the reason). It may take seconds.
    """
    backend_id = new_identifier()
    require_of_backend(actor, Permission.CONFIGURE, backend_id)
    _require_lent(config)
    row = Backend(id=backend_id, name=name, driver=driver, config=dict(config), writable=writable)
    return _insert(row, now, partial(_require_held, actor, backend_id))


def create_unasked(name: str, driver: str, *, config: Mapping[str, Any], now: datetime) -> Backend:
    """``create`` without the question, for setup alone: there is nobody yet who could be asked for."""
    return _insert(Backend(name=name, driver=driver, config=dict(config)), now)


def reconfigure_unasked(backend_id: str, driver: str, *, config: Mapping[str, Any], now: datetime) -> None:
    """Give a backend another driver or configuration, for setup alone, also where a drive uses it.

    Raises Conflict where that would lead to another place that does not have the bytes of its files, and what
    ``create`` raises. Of many files ``SAMPLE`` are looked for.
    """
    _try(driver, config, now)
    row = Backend.objects.get(id=backend_id)
    made = registry.driver_of(driver, config)
    moved = {key for key in {*row.config, *config} if row.config.get(key) != config.get(key)} - made.access_settings
    if row.driver != driver or moved:
        # Ids are random, so that the first ones are any.
        keys = list(Blob.objects.filter(backend_id=backend_id).order_by("id").values_list("key", flat=True)[:SAMPLE])
        if None in made.stat_all(keys).values():
            raise Conflict("The files of this backend are not there.", path=["config"])
    row.driver, row.config = driver, dict(config)
    row.save(update_fields=["driver", "config"])


def change(
    actor: Actor, backend_id: str, *, name: str, driver: str, config: Mapping[str, Any], writable: bool, now: datetime
) -> Backend:
    """Give a backend these values; needs ``can_configure``.

    Raises PermissionDenied, NotFound, Conflict (another driver or configuration, and a drive uses it), and what
    ``create`` raises.
    """
    require_of_backend(actor, Permission.CONFIGURE, backend_id)
    if not is_used(backend_id):
        # Before the lock, because it may take seconds.
        _require_lent(config, Backend.objects.filter(id=backend_id).values_list("config", flat=True).first())
        _try(driver, config, now)
    with transaction.atomic():
        _require_held(actor, backend_id)
        # The lock keeps off whoever is making a drive on it: her row points here.
        row = Backend.objects.select_for_update().filter(id=backend_id).first()
        if row is None:
            raise NotFound
        moved = (row.driver, row.config) != (driver, dict(config))
        if moved and is_used(backend_id):
            raise Conflict("A drive uses this backend: its driver and configuration are fixed.", path=["config"])
        row.name, row.driver, row.config, row.writable = name, driver, dict(config), writable
        _check_name(row)
        _save(row)
    return row


def probes() -> list[tuple[Backend, Callable[[], None]]]:
    """Return the backends that take new bytes, the oldest first, each with what asks whether an object could be begun
    there now: it raises a StorageError (with a reason where there is one), and may take seconds.
    """
    return [(row, partial(_probe, row)) for row in Backend.objects.filter(writable=True).order_by("created_at")]


def is_used(backend_id: str) -> bool:
    """Return whether a drive keeps its bytes there."""
    return Drive.objects.filter(backend_id=backend_id).exists()


def _insert(row: Backend, now: datetime, ask: Callable[[], None] | None = None) -> Backend:
    _check_name(row)
    _try(row.driver, row.config, now)
    with transaction.atomic():
        if ask is not None:
            ask()
        _save(row, force_insert=True)
        mirror.placed([row])
    return row


def _probe(row: Backend) -> None:
    registry.backend_for(row).probe()


def _require_held(actor: Actor, backend_id: str) -> None:
    """Ask again, after the store was tried, in the transaction that rests on the answer."""
    if not rights.hold(actor):
        raise PermissionDenied
    require_of_backend(actor, Permission.CONFIGURE, backend_id)


def _check_name(row: Backend) -> None:
    row.name = row.name.strip()
    if not row.name or len(row.name) > MAX_NAME or not row.name.isprintable():
        raise InvalidName(f"The name of a backend has 1 to {MAX_NAME} visible characters.", path=["name"])


def _require_lent(config: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> None:
    """Raise InvalidArgument for a variable that is not there to be named; what was so ``before`` may stay."""
    anew = {key: value for key, value in config.items() if value != (before or {}).get(key)}
    for name in registry.variables(anew):
        if not name.startswith(LENT):
            raise InvalidArgument(f"The variables of stores have names that begin with {LENT}.", path=["config"])


def _try(driver: str, config: Mapping[str, Any], now: datetime) -> None:
    try:
        made = registry.driver_of(driver, config)
        for name in sorted(made.secret_settings & set(config)):
            if not isinstance(config[name], Mapping):
                raise InvalidArgument(
                    f'"{name}" belongs into a variable of the environment: write {{"env": "NAME"}}.', path=["config"]
                )
        made.verify(now=now)
    except BackendUnavailable as error:
        # Who makes a backend may know what is wrong with it.
        told = error.reason or error.message
        raise type(error)(told, path=["config"], reason=error.reason, setting=error.setting) from error


def _save(row: Backend, *, force_insert: bool = False) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=force_insert)
    except IntegrityError:
        raise NameTaken("There is a backend of this name already.") from None
