"""The other engine that ``FILEGRAPH_AUTHZ_SHADOW`` asks for: whether it can be asked, and what compares the two.

It needs the same tuples. Our database keeps a record of them whichever engine answers, so the embedded one can always
be asked. An OpenFGA store can once it has been told of everything, from when on it hears of every change.
"""

from __future__ import annotations

from functools import lru_cache

from django.db import DEFAULT_DB_ALIAS

from authz.clients.tuples import DatabaseTuples
from authz.clients.wrappers.alarm import Alarm
from authz.clients.wrappers.comparisons import Comparisons, Outcome
from authz.conf import authz_settings
from authz.services import remote_engine
from authz.services.metrics import measures


def can_be_asked() -> bool:
    """Return whether the shadow that the settings ask for, if any, has all permissions. The tables must be there."""
    return authz_settings().shadow != "openfga" or remote_engine.has_whole_store()


@lru_cache(maxsize=1)
def comparisons() -> Comparisons:
    """Return what compares, one for a process."""
    settings = authz_settings()
    return Comparisons(
        alarm=Alarm(settings.shadow_dir, DatabaseTuples(DEFAULT_DB_ALIAS, contexts=True)),
        count=_count if settings.metrics else lambda _: None,
        using=DEFAULT_DB_ALIAS,
    )


def _count(outcome: Outcome) -> None:
    measures().count_comparison(outcome.value)
