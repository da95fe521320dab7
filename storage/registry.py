"""From a ``Backend`` row to the driver it names. The only place where drivers are made."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from storage import conf
from storage.backends.base import StorageBackend
from storage.errors import BackendUnavailable, InvalidArgument, StorageError
from storage.models import Backend

logger = logging.getLogger("filegraph.storage")


@dataclass(frozen=True, slots=True)
class _Made:
    """A driver, the row that it was made of, and the variables that this row names, with their values at that time."""

    driver: StorageBackend
    row: Backend
    names: tuple[str, ...]
    values: tuple[str | None, ...]

    def is_of(self, row: Backend) -> bool:
        """Tell whether ``row`` still says the same."""
        return (self.row.driver, self.row.config) == (row.driver, row.config)


_drivers: dict[str, _Made] = {}
"""Drivers by the id of their row: a page asks for one with each of its files."""


def backend_for(row: Backend) -> StorageBackend:
    """Return the driver of ``row``, made once per resolved configuration.

    ``{"env": "NAME"}`` anywhere in the config is replaced by that environment variable each time, so a changed secret
    is used at once. Raises BackendUnavailable where a variable is missing or the driver cannot be made (the message
    names no value), InvalidArgument for an unknown driver key.
    """
    # As long as no drive uses the backend, its configuration may change, and another process may have changed it.
    made = _drivers.get(row.id)
    if made is not None and not made.is_of(row):
        _drivers.pop(row.id, None)
    return driver_of(row.driver, row.config)


def driver_of(key: str, config: Mapping[str, Any]) -> StorageBackend:
    """Return what ``backend_for`` returns for a row of this driver and configuration, which need not be one."""
    dotted = conf.current().storage_backend_classes.get(key)
    if dotted is None:
        raise InvalidArgument(f"There is no storage driver {key!r}.")
    return _instance(dotted, json.dumps(_resolved(config), sort_keys=True) if config else "{}")


def find(row: Backend) -> StorageBackend | None:
    """Return the driver of ``row``; None, and a line in the log, where it cannot be made."""
    try:
        return backend_for(row)
    except StorageError as error:
        logger.warning("backend %s cannot be used: %s", row.id, error.code)
        return None


def find_by_id(backend_id: str) -> StorageBackend | None:
    """``find`` for a backend that a drive uses. Its row is read once in the life of a process: from then on driver and
    configuration are changed by setup alone, before a process starts.

    None for a backend that is not there.
    """
    made = _drivers.get(backend_id)
    if made is not None and made.values == tuple(map(os.environ.get, made.names)):
        return made.driver
    row = Backend.objects.filter(id=backend_id).first()
    driver = find(row) if row is not None else None
    if row is not None and driver is not None:
        names = tuple(variables(row.config))
        _drivers[backend_id] = _Made(driver, row, names, tuple(map(os.environ.get, names)))
    return driver


def forget() -> None:
    """Make every driver anew from now on (tests; a changed class setting)."""
    _instance.cache_clear()
    _drivers.clear()


@lru_cache(maxsize=64)
def _instance(dotted: str, config: str) -> StorageBackend:
    try:
        driver = import_string(dotted)(backend_config=json.loads(config))
    except (ImportError, ImproperlyConfigured) as error:
        raise BackendUnavailable("The store is not configured correctly.", reason=str(error)) from error
    if not isinstance(driver, StorageBackend):
        raise BackendUnavailable("The store is not configured correctly.")
    return driver


def variables(value: Any) -> Iterator[str]:
    """Yield the names of the environment's variables in a configuration, or in a part of one."""
    if isinstance(value, Mapping):
        if (name := _named(value)) is not None:
            yield name
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from variables(inner)


def _resolved(value: Any, key: str = "") -> Any:
    """Return a configuration with the values of variables; ``key``: what this part of it stands under."""
    if isinstance(value, Mapping):
        if (name := _named(value)) is None:
            return {inner: _resolved(part, inner) for inner, part in value.items()}
        if name not in os.environ:
            raise BackendUnavailable(reason=f"The environment has no variable {name}.", setting=key)
        return os.environ[name]
    return [_resolved(inner, key) for inner in value] if isinstance(value, list) else value


def _named(value: Mapping[str, Any]) -> str | None:
    """Return the name in ``{"env": NAME}``; None for another mapping."""
    name = value.get("env")
    return name if len(value) == 1 and isinstance(name, str) else None
