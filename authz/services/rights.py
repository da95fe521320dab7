"""The rights of an actor, held still until the transaction that rests on them has ended.

Whoever changes something takes hold of it, then calls ``hold``, then asks, then writes. So nothing that rests on a
right is committed after somebody was told that the right has gone. SQLite has one writer: there she only has to ask.

Locks are taken in this order everywhere, so that nobody waits in a circle: drives, the active model, accounts, stays,
all others. No transaction calls ``hold`` and then ``hold_alone``: two who did would wait for each other.
"""

from __future__ import annotations

from functools import lru_cache

from django.contrib.auth import get_user_model
from django.db import DEFAULT_DB_ALIAS, connection

from authz.clients import horizon
from authz.services.client import forget_grants
from authz.types import ANONYMOUS, Actor


def hold(actor: Actor) -> bool:
    """Let nobody take a right from the actor, nor close her account, until the present transaction ends.

    Return whether she can act at all: a visitor, or an account that is active. Others who hold their rights do not
    wait for her. One statement, and on PostgreSQL one more.
    """
    can_act = _hold_account(actor)
    horizon.stay_revocations(DEFAULT_DB_ALIAS)
    forget_grants()
    return can_act


def hold_alone(actor: Actor) -> bool:
    """``hold``, for a transaction that may take a right away: she waits for all who hold theirs, and they for her."""
    can_act = _hold_account(actor)
    horizon.await_stays(DEFAULT_DB_ALIAS)
    forget_grants()
    return can_act


def account_columns() -> tuple[str, str, str]:
    """Return the table of accounts, its key and the column that says whether one is active, quoted."""
    meta, quote = get_user_model()._meta, connection.ops.quote_name
    return quote(meta.db_table), quote(str(meta.pk.column)), quote(str(meta.get_field("is_active").column))


def _hold_account(actor: Actor) -> bool:
    if actor == ANONYMOUS:
        return True
    kind, _, user_id = actor.partition(":")
    if kind != "user":
        # Nothing here could tell when any other ends.
        return False
    with connection.cursor() as cursor:
        cursor.execute(_account_sql(), [user_id])
        return cursor.fetchone() is not None


@lru_cache(maxsize=1)
def _account_sql() -> str:
    table, key, active = account_columns()
    locking = " FOR SHARE" if connection.features.has_select_for_update else ""
    return f"SELECT 1 FROM {table} WHERE {key} = %s AND {active}{locking}"  # noqa: S608
