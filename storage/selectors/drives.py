"""The drives that an actor can see."""

from __future__ import annotations

from django.db import connection

from authz.types import Actor
from storage import names
from storage.models import Drive
from storage.permissions import Permission
from storage.selectors.filters import Condition
from storage.selectors.pages import Page, PageRequest, Scope, Sort, keyset, page
from storage.selectors.visible import VisibleItems

_BY_NAME: Sort[Drive] = Sort("n.name_key", "n.id", descending=False, value=lambda drive: drive.name_key)


def drives(actor: Actor, request: PageRequest) -> Page[Drive]:
    """Return a page of the drives that the actor can see, by name. One statement; raises InvalidCursor."""
    scope = Scope("drives", None, None, actor)
    keys = keyset(request, _BY_NAME, scope)
    found = _select(actor, [*keys.as_conditions(), _ALL], keys.order_by, keys.limit)
    return page(request, _BY_NAME, scope, found, lambda drive: drive.id)


def count_drives(actor: Actor) -> int:
    """Return how many drives the actor can see."""
    statement = VisibleItems.drives(actor, Permission.VIEW).count([_ALL])
    with connection.cursor() as cursor:
        cursor.execute(statement.text, statement.params)
        (count,) = cursor.fetchone()
    return int(count)


def by_name(actor: Actor, name: str) -> Drive | None:
    """Return the drive of this name, if the actor can see it. One statement."""
    if not names.may_be_stored(name):
        return None
    found = _select(actor, [("n.name_key = %s", [names.key(name)])], "n.id", 1)
    return found[0] if found else None


_ALL: Condition = ("TRUE", [])


def _select(actor: Actor, conditions: list[Condition], order_by: str, limit: int) -> list[Drive]:
    statement = VisibleItems.drives(actor, Permission.VIEW).select("n.*", conditions, order_by, limit)
    return list(Drive.objects.raw(statement.text, statement.params))
