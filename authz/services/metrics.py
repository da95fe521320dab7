"""What metrics show beside what the clients measure as they are called: the engine, and what waits to be told to it."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from types import ModuleType

from django.db import Error

from authz.conf import authz_settings
from authz.services import remote_engine

logger = logging.getLogger("filegraph.authz")


@lru_cache(maxsize=1)
def measures() -> ModuleType:
    """Return ``authz.clients.wrappers.measures``, whose library is imported only where metrics are asked for."""
    return import_module("authz.clients.wrappers.measures")


def refresh(*, now: datetime) -> None:
    """Bring up to date what is shown and not counted. Raises nothing while the database is away: it shows NaN then."""
    client = authz_settings().client
    measures().show_engine(client)
    try:
        found = remote_engine.backlog()
    except Error as error:
        logger.warning("How far the permission engine is behind is not known: %s", str(error).partition("\n")[0])
        measures().show_outbox_unknown()
    else:
        age = max(0.0, (now - found.oldest).total_seconds()) if found.oldest else 0.0
        measures().show_outbox(found.pending, found.refused, age)
