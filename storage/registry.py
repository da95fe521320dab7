"""From a ``Backend`` row to the driver it names. The only place where drivers are made."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from storage import conf
from storage.backends.base import StorageBackend
from storage.errors import BackendUnavailable, InvalidArgument
from storage.models import Backend


def backend_for(row: Backend) -> StorageBackend:
    """Return the driver of ``row``, made once per resolved configuration.

    ``{"env": "NAME"}`` anywhere in the config is replaced by that environment variable each time, so a changed secret
    is used at once. Raises BackendUnavailable where a variable is missing or the driver cannot be made (the message
    names no value), InvalidArgument for an unknown driver key.
    """
    dotted = conf.current().storage_backend_classes.get(row.driver)
    if dotted is None:
        raise InvalidArgument(f"There is no storage driver {row.driver!r}.")
    if not row.config:
        return _made(dotted, "{}")
    return _made(dotted, json.dumps(_resolved(row.config), sort_keys=True))


def forget() -> None:
    """Make every driver anew from now on (tests; a changed class setting)."""
    _made.cache_clear()


@lru_cache(maxsize=64)
def _made(dotted: str, config: str) -> StorageBackend:
    try:
        driver = import_string(dotted)(backend_config=json.loads(config))
    except (ImportError, ImproperlyConfigured) as error:
        raise BackendUnavailable("The store is not configured correctly.") from error
    if not isinstance(driver, StorageBackend):
        raise BackendUnavailable("The store is not configured correctly.")
    return driver


def _resolved(value: Any) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {"env"} and isinstance(value["env"], str):
            found = os.environ.get(value["env"])
            if found is None:
                raise BackendUnavailable(f"The environment variable {value['env']} of a store is not set.")
            return found
        return {key: _resolved(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(inner) for inner in value]
    return value
