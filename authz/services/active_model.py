"""Which authorization model is active, for this request: the version that the database says, pinned at its first use.

A new activation holds from the next request on, in every process, without a restart: the id of the active version is
read anew for each request, mostly by a statement that is made anyway (``active_version_sql``). What depends on the
text of a model alone (parsed, compiled) is kept for the last few.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from django.db import DEFAULT_DB_ALIAS, connection, connections

from authz.dsl import parse
from authz.dsl.model import AuthorizationModel
from authz.errors import AuthorizationUnavailable, ModelConflict
from authz.models import AuthorizationModelVersion, ModelActivation

_KEPT = 8
"""Models that a process remembers: the active one, those before it, and those that somebody tries out."""
_ACTIVE = (
    f"(SELECT a.version_id FROM {ModelActivation._meta.db_table} a"  # noqa: S608
    f" WHERE a.id = (SELECT max(id) FROM {ModelActivation._meta.db_table}))"
)


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """A model and its text. Compared by identity, so that it can be a key: one object for equal texts while it is kept.

    A text that was let go and is read again is another object, and gets another client.
    """

    text: str
    model: AuthorizationModel


class _Pin(threading.local):
    """The version that the request of this thread is answered by. Outside of a request nothing is pinned."""

    def __init__(self) -> None:
        self.depth = 0
        self.version_id: str | None = None


_PIN = _Pin()


@contextmanager
def pinned() -> Iterator[None]:
    """Answer all questions of this thread within the block by one version: the one active at the first of them.

    Blocks within a block belong to it.
    """
    _PIN.depth += 1
    try:
        yield
    finally:
        _PIN.depth -= 1
        if _PIN.depth == 0:
            _PIN.version_id = None


def active_version_sql() -> str:
    """Return a scalar SQL expression, the id of the active version: for a statement that every request makes anyway.

    Hand what it gives to ``note_active``.
    """
    return _ACTIVE


def note_active(version_id: str | None) -> None:
    """Pin what ``active_version_sql`` gave, unless something is pinned already or nothing is to be (``pinned``)."""
    if _PIN.depth and _PIN.version_id is None:
        _PIN.version_id = version_id


def active_version_id() -> str:
    """Return the id of the version that answers here. Raises AuthorizationUnavailable before ``filegraph setup``."""
    if _PIN.version_id is not None:
        return _PIN.version_id
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_ACTIVE}")
        found = cast("str | None", cursor.fetchone()[0])
    if found is None:
        raise AuthorizationUnavailable("no authorization model is active yet: run `filegraph setup`")
    note_active(found)
    return found


def active() -> LoadedModel:
    """Return the model that answers here. Raises AuthorizationUnavailable, and InvalidModel.

    InvalidModel: this release refuses what an earlier one has kept.
    """
    return of_version(active_version_id())


def active_model() -> AuthorizationModel:
    """Return the model that answers here; raises as ``active`` does."""
    return active().model


def hold_active(using: str = DEFAULT_DB_ALIAS) -> ModelActivation:
    """Return the activation in force and hold it until the end of the transaction: no other takes its place meanwhile.

    Whoever might take the last administrator away holds it too. Raises ModelConflict before ``filegraph setup``.
    """
    rows = ModelActivation.objects.using(using).order_by("-id")
    locked = rows.select_for_update() if connections[using].features.has_select_for_update else rows
    held = locked.first()
    # Whoever was waited for may have put another one in its place, which the statement that waited does not see.
    while (newest := rows.first()) != held:
        held = locked.first()
    if newest is None:
        raise ModelConflict("no model is active")
    return newest


@lru_cache(maxsize=_KEPT)
def of_version(version_id: str) -> LoadedModel:
    """Return the model of a kept version, read once in a process: a version never changes.

    Raises AuthorizationModelVersion.DoesNotExist, InvalidModel.
    """
    return of_text(AuthorizationModelVersion.objects.values_list("text", flat=True).get(pk=version_id))


@lru_cache(maxsize=_KEPT)
def of_text(text: str) -> LoadedModel:
    """Return the model of a text. Raises InvalidModel with every problem."""
    return LoadedModel(text, parse(text))
