"""What is wrong with the stores, told by the names of the settings, in one sentence each and without a secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings

from filegraph.first_store import STORE_NAME, FirstStore
from filegraph.problem import Problem
from storage.errors import BackendUnavailable, StorageError
from storage.services import backends

_PASSING = ("endpoint_url", "")
"""What may be mended without us: the store is down, or the way to it."""


def of_stores() -> list[Problem]:
    """Ask every store that takes files. A dead one holds this up for some seconds."""
    found = []
    for row, probe in backends.probes():
        wanted = settings.FIRST_STORE if row.name == STORE_NAME else None
        found.append(of_store(row.name, row.config, probe, wanted=wanted))
    return [problem for problem in found if problem is not None]


def of_store(
    name: str, config: Mapping[str, Any], ask: Callable[[], object], *, wanted: FirstStore | None = None
) -> Problem | None:
    """Return why ``ask`` fails for the store of that name and configuration, or None.

    ``wanted``: what the settings say, where the store is theirs: then their variables are named.
    """
    try:
        ask()
    except BackendUnavailable as error:
        return Problem(_sentence(name, config, error, wanted), error.setting in _PASSING and bool(error.reason))
    except StorageError as error:
        return Problem(f"Store {name}: {error.message}", passing=False)
    return None


def _sentence(name: str, config: Mapping[str, Any], error: BackendUnavailable, wanted: FirstStore | None) -> str:
    told = error.reason or error.message
    value = config.get(error.setting)
    if isinstance(value, Mapping) and "env" in value:
        return f"{value['env']}: {told}"
    if not error.setting or error.setting == "clock":
        return f"Store {name}: {told}"
    if wanted is not None:
        return f"{wanted.setting(error.setting)}: {told}"
    return f"{error.setting} of store {name}: {told}"
