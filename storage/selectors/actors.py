"""Whether somebody may still act at all: for links and upload URLs, which outlive sessions and tokens.

Who signs in, and with what, is the business of accounts; storage knows Django's user model and its ``is_active`` alone.
"""

from __future__ import annotations

from functools import lru_cache

from django.contrib.auth import get_user_model
from django.db import connection

from authz.services import models
from authz.types import ANONYMOUS, Actor
from storage.tables import fetch


def is_active(actor: Actor) -> bool:
    """Tell whether the actor is a visitor, or an account that is there and active. One statement, none for visitors.

    Any other kind of actor is refused: nothing here could tell when it ends. Which model answers the request is read
    along: so it costs no statement of its own.
    """
    if actor == ANONYMOUS:
        return True
    kind, _, user_id = actor.partition(":")
    found = fetch(_sql(), [user_id]) if kind == "user" else []
    for (version_id,) in found:
        models.note_active(version_id)
    return bool(found)


@lru_cache(maxsize=1)
def _sql() -> str:
    meta, quote = get_user_model()._meta, connection.ops.quote_name
    key, active = (quote(str(column)) for column in (meta.pk.column, meta.get_field("is_active").column))
    version = models.active_version_sql()
    return f"SELECT {version} FROM {quote(meta.db_table)} WHERE {key} = %s AND {active}"  # noqa: S608
