"""Backends: where bytes are kept, as rows. What a driver does stands in ``storage.backends``.

A drive relies on its backend for good: the rows of its blobs name keys, not places. So driver and configuration are
fixed as soon as a drive uses the backend; only its name, and whether it takes new bytes, can change then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from authz.identifiers import new_identifier
from authz.types import Actor
from storage import registry
from storage.errors import Conflict, InvalidName, NameTaken, NotFound
from storage.models import Backend, Drive
from storage.permissions import Permission, require_of_backend

MAX_NAME = 100
"""Characters: what the column holds."""


def create(actor: Actor, name: str, driver: str, *, config: Mapping[str, Any], writable: bool = True) -> Backend:
    """Make a backend; needs ``can_configure``, which administrators have on every backend.

    ``driver`` is a key of FILEGRAPH_STORAGE_BACKEND_CLASSES. Raises PermissionDenied, InvalidName, NameTaken,
    InvalidArgument, BackendUnavailable (the driver cannot be made of this configuration).
    """
    backend_id = new_identifier()
    require_of_backend(actor, Permission.CONFIGURE, backend_id)
    return _insert(Backend(id=backend_id, name=name, driver=driver, config=dict(config), writable=writable))


def create_unasked(name: str, driver: str, *, config: Mapping[str, Any]) -> Backend:
    """``create`` without the question, for setup alone: there is nobody yet who could be asked for."""
    return _insert(Backend(name=name, driver=driver, config=dict(config)))


def change(
    actor: Actor, backend_id: str, *, name: str, driver: str, config: Mapping[str, Any], writable: bool
) -> Backend:
    """Give a backend these values; needs ``can_configure``.

    Raises PermissionDenied, NotFound, Conflict (another driver or configuration, and a drive uses it), and what
    ``create`` raises.
    """
    require_of_backend(actor, Permission.CONFIGURE, backend_id)
    with transaction.atomic():
        # The lock keeps off whoever is making a drive on it: her row points here.
        row = Backend.objects.select_for_update().filter(id=backend_id).first()
        if row is None:
            raise NotFound
        moved = (row.driver, row.config) != (driver, dict(config))
        if moved and is_used(backend_id):
            raise Conflict("A drive uses this backend: its driver and configuration are fixed.", path=["config"])
        row.name, row.driver, row.config, row.writable = name, driver, dict(config), writable
        _check(row, driver_too=moved)
        _save(row)
    return row


def is_used(backend_id: str) -> bool:
    """Return whether a drive keeps its bytes there."""
    return Drive.objects.filter(backend_id=backend_id).exists()


def _insert(row: Backend) -> Backend:
    _check(row, driver_too=True)
    _save(row, force_insert=True)
    return row


def _check(row: Backend, *, driver_too: bool) -> None:
    row.name = row.name.strip()
    if not row.name or len(row.name) > MAX_NAME or not row.name.isprintable():
        raise InvalidName(f"The name of a backend has 1 to {MAX_NAME} visible characters.", path=["name"])
    if driver_too:
        # A backend that cannot be made is found out now, and not by the first person who uploads.
        registry.backend_for(row)


def _save(row: Backend, *, force_insert: bool = False) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=force_insert)
    except IntegrityError:
        raise NameTaken("There is a backend of this name already.") from None
