"""Orders and filters of lists of items."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import strawberry

from schema.descriptions import value
from schema.ids import NO_ROW, InvalidId, Kind, decode_as
from schema.scalars import SHA256, BigInt
from storage import models
from storage.selectors import filters, items


@strawberry.enum(description="What a list of items can be ordered by. The id decides between equals.")
class ItemOrderField(Enum):
    """Columns with an index of their own."""

    NAME = value("name", "The name, by code point.")
    UPDATED_AT = value("updated_at", "The time of the last change.")
    SIZE = value("size", "The number of bytes; folders count as nothing.")


@strawberry.enum(description="Which end of an order comes first.")
class OrderDirection(Enum):
    """Up or down."""

    ASC = value("asc", "The smallest first.")
    DESC = value("desc", "The largest first.")


@strawberry.enum(description="What an item is.")
class ItemKind(Enum):
    """The two kinds of items."""

    FILE = value("file", "A file.")
    FOLDER = value("folder", "A folder.")


@strawberry.input(description="The order of a list of items.")
class ItemOrder:
    """Field and direction."""

    field: ItemOrderField = strawberry.field(description="What to order by.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description="Which end comes first.")


@strawberry.input(description='Which children of a drive or folder to list. Conditions are joined by "and".')
class ItemFilter:
    """Conditions on children."""

    name_contains: str | None = strawberry.field(default=None, description="The name contains this text.")
    kind: ItemKind | None = strawberry.field(default=None, description="It is of this kind.")


@strawberry.input(description='Which files to list. Conditions are joined by "and".')
class FileFilter:
    """Conditions on files anywhere."""

    drive_id: strawberry.ID | None = strawberry.field(default=None, description="In this drive.")
    folder_id: strawberry.ID | None = strawberry.field(default=None, description="Directly in this folder.")
    name_contains: str | None = strawberry.field(default=None, description="The name contains this text.")
    content_type: str | None = strawberry.field(
        default=None, description='The content type is this, or of this family: "image/*".'
    )
    sha256: SHA256 | None = strawberry.field(default=None, description="The bytes have this SHA-256.")
    min_size: BigInt | None = strawberry.field(default=None, description="At least this many bytes.")
    max_size: BigInt | None = strawberry.field(default=None, description="At most this many bytes.")
    updated_after: datetime | None = strawberry.field(default=None, description="Last changed at this time or later.")
    updated_before: datetime | None = strawberry.field(default=None, description="Last changed before this time.")
    created_by_id: strawberry.ID | None = strawberry.field(default=None, description="Created by this user.")


def order_value(given: ItemOrder | None) -> items.ItemOrder:
    """Return what selectors call the order; by name when it was left out."""
    if given is None:
        return items.ItemOrder()
    return items.ItemOrder(items.ItemOrderField(given.field.value), given.direction is OrderDirection.DESC)


def filter_value(given: ItemFilter | None) -> filters.ItemFilter:
    """Return what selectors call the filter of children."""
    if given is None:
        return filters.ItemFilter()
    kind = None if given.kind is None else models.ItemKind(given.kind.value)
    return filters.ItemFilter(name_contains=given.name_contains, kind=kind)


def file_filter_value(given: FileFilter | None) -> filters.FileFilter:
    """Return what selectors call the filter of files."""
    if given is None:
        return filters.FileFilter()
    return filters.FileFilter(
        drive_id=_row_id(given.drive_id, Kind.DRIVE),
        folder_id=_row_id(given.folder_id, Kind.FOLDER),
        name_contains=given.name_contains,
        content_type=given.content_type,
        sha256=given.sha256,
        min_size=given.min_size,
        max_size=given.max_size,
        updated_after=given.updated_after,
        updated_before=given.updated_before,
        created_by_id=_row_id(given.created_by_id, Kind.USER),
    )


def _row_id(value: str | None, kind: Kind) -> str | None:
    if value is None:
        return None
    try:
        return decode_as(value, kind)
    except InvalidId:
        return NO_ROW
