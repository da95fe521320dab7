"""Whether somebody may still act at all: for links and upload URLs, which outlive sessions and tokens.

Who signs in, and with what, is the business of accounts; storage knows Django's user model and its ``is_active`` alone.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from authz.services import active_model
from authz.services.rights import account_columns
from authz.types import ANONYMOUS, Actor
from storage.selectors import dialect
from storage.tables import fetch, marks

_USER = "user:"


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
        active_model.note_active(version_id)
    return bool(found)


def active_sql(column: str) -> str:
    """Return ``is_active`` of the actor in a column, as a boolean SQL expression."""
    table, key, active = account_columns()
    account = f"SELECT 1 FROM {table} a WHERE a.{key} = substr({column}, {len(_USER) + 1}) AND a.{active}"  # noqa: S608
    return f"({column} = '{ANONYMOUS}' OR (substr({column}, 1, {len(_USER)}) = '{_USER}' AND EXISTS ({account})))"


def hold_accounts(actors: Collection[str]) -> None:
    """Let nobody change the accounts of these actors until the transaction ends: a deactivation waits for it.

    On SQLite nothing has to be done: see ``storage.selectors.locks``.
    """
    ids = [actor.removeprefix(_USER) for actor in actors if actor.startswith(_USER)]
    if ids and dialect.locks_rows():
        table, key, _ = account_columns()
        fetch(f"SELECT 1 FROM {table} WHERE {key} IN ({marks(ids)}) ORDER BY {key} FOR SHARE", ids)  # noqa: S608


@lru_cache(maxsize=1)
def _sql() -> str:
    table, key, active = account_columns()
    return f"SELECT {active_model.active_version_sql()} FROM {table} WHERE {key} = %s AND {active}"  # noqa: S608
