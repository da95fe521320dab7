"""Pages and counts of items: the children of a folder, all files, the trash of a drive.

The permission predicate is part of the statement, so that a page is full, its count exact, and nobody's rights are
computed row by row in Python. One statement for each function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.db import connection

from authz.types import Actor
from storage.models import Drive, Item, Node
from storage.permissions import Permission
from storage.selectors.filters import Condition, FileFilter, ItemFilter
from storage.selectors.pages import Page, PageRequest, Scope, Sort, SortValue, keyset, page
from storage.selectors.rows import item_columns, items
from storage.selectors.visible import Statement, VisibleItems


class ItemOrderField(StrEnum):
    """What a list of items can be ordered by. Folders have no size and come before files of 0 bytes."""

    NAME = "name"
    UPDATED_AT = "updated_at"
    SIZE = "size"
    TRASHED_AT = "trashed_at"


@dataclass(frozen=True, slots=True)
class ItemOrder:
    """An order and its direction; the id breaks ties."""

    field: ItemOrderField = ItemOrderField.NAME
    descending: bool = False


_EXPRESSIONS: Mapping[ItemOrderField, str] = {
    ItemOrderField.NAME: "n.name_key",
    ItemOrderField.UPDATED_AT: "n.updated_at",
    ItemOrderField.SIZE: "COALESCE(n.size, -1)",
    ItemOrderField.TRASHED_AT: "n.trashed_at",
}


def _trashed_at(item: Item) -> SortValue:
    assert item.trashed_at is not None
    return item.trashed_at


_VALUES: Mapping[ItemOrderField, Callable[[Item], SortValue]] = {
    ItemOrderField.NAME: lambda item: item.name_key,
    ItemOrderField.UPDATED_AT: lambda item: item.updated_at,
    ItemOrderField.SIZE: lambda item: -1 if item.size is None else item.size,
    ItemOrderField.TRASHED_AT: _trashed_at,
}
_NEWEST_TRASH = ItemOrder(ItemOrderField.TRASHED_AT, descending=True)
_ANY_ITEM = ItemFilter()
_ANY_FILE = FileFilter()
_BY_NAME = ItemOrder()


def children(
    actor: Actor,
    container: Node,
    request: PageRequest,
    *,
    order: ItemOrder = _BY_NAME,
    filter: ItemFilter = _ANY_ITEM,
) -> Page[Item]:
    """Return a page of what lies in a drive or folder and is visible to the actor.

    What is in the trash has no children and is no child. Raises InvalidCursor.
    """
    scope = Scope(f"children:{container.id}", order, filter, actor)
    return _page(actor, Permission.VIEW, _in(container, filter), request, order, scope)


def count_children(actor: Actor, container: Node, *, filter: ItemFilter = _ANY_ITEM) -> int:
    """Return how many rows all pages of ``children`` have."""
    return _count(actor, Permission.VIEW, _in(container, filter))


def files(
    actor: Actor, request: PageRequest, *, order: ItemOrder = _BY_NAME, filter: FileFilter = _ANY_FILE
) -> Page[Item]:
    """Return a page of all files that the actor can see, in any drive and folder, narrowed by ``filter``.

    What she sees is looked up from her grants when that is little (up to ``PROBE`` rows), and otherwise judged along
    the order, so that the cost follows what she sees or the page, and not the number of files. Raises InvalidCursor.
    """
    conditions = _files(filter)
    sort = _sort(order)
    scope = Scope("files", order, filter, actor)
    keys = keyset(request, sort, scope)
    visible = VisibleItems.files(actor, Permission.VIEW)
    conditions += keys.as_conditions()
    if filter.folder_id is not None:
        statement = visible.select(item_columns(), conditions, keys.order_by, keys.limit)
    else:
        statement = visible.select_sparse(item_columns(), conditions, keys.order_by, keys.limit)
    return page(request, sort, scope, items(statement.text, statement.params), _id)


def count_files(actor: Actor, *, filter: FileFilter = _ANY_FILE) -> int:
    """Return how many rows all pages of ``files`` have."""
    return _run_count(VisibleItems.files(actor, Permission.VIEW).count_sparse(_files(filter)))


def trashed(actor: Actor, drive: Drive, request: PageRequest) -> Page[Item]:
    """Return a page of what was put into the trash of a drive and the actor may delete, the newest first.

    What lies in a trashed folder is not told by itself. Raises InvalidCursor.
    """
    scope = Scope(f"trashed:{drive.id}", _NEWEST_TRASH, None, actor)
    return _page(actor, Permission.DELETE, _trash_of(drive), request, _NEWEST_TRASH, scope)


def count_trashed(actor: Actor, drive: Drive) -> int:
    """Return how many rows all pages of ``trashed`` have."""
    return _count(actor, Permission.DELETE, _trash_of(drive))


def _in(container: Node, filter: ItemFilter) -> list[Condition]:
    return [("n.parent_id = %s", [container.id]), ("n.trash_id IS NULL", []), *filter.conditions()]


def _files(filter: FileFilter) -> list[Condition]:
    return [("n.kind = 'file'", []), ("n.trash_id IS NULL", []), *filter.conditions()]


def _trash_of(drive: Drive) -> list[Condition]:
    return [("n.drive_id = %s", [drive.id]), ("n.trash_id IS NOT NULL", []), ("n.trash_id = n.id", [])]


def _sort(order: ItemOrder) -> Sort[Item]:
    return Sort(_EXPRESSIONS[order.field], "n.id", order.descending, _VALUES[order.field])


def _page(
    actor: Actor,
    permission: Permission,
    conditions: list[Condition],
    request: PageRequest,
    order: ItemOrder,
    scope: Scope,
) -> Page[Item]:
    sort = _sort(order)
    keys = keyset(request, sort, scope)
    statement = VisibleItems.any(actor, permission).select(
        item_columns(), [*conditions, *keys.as_conditions()], keys.order_by, keys.limit
    )
    return page(request, sort, scope, items(statement.text, statement.params), _id)


def _count(actor: Actor, permission: Permission, conditions: list[Condition]) -> int:
    return _run_count(VisibleItems.any(actor, permission).count(conditions))


def _run_count(statement: Statement) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement.text, statement.params)
        (count,) = cursor.fetchone()
    return int(count)


def _id(item: Item) -> str:
    return item.id
