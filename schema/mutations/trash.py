"""The trash: into it, out of it, and gone for good."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import strawberry

from schema.context import Context, Info
from schema.descriptions import mutation
from schema.errors import INPUT, UserError, user_error
from schema.ids import InvalidId, Kind, node_ref
from schema.mutations.outcome import ERRORS, too_many
from schema.types import nodes
from schema.types.item import Item
from storage.errors import StorageError
from storage.models import Item as ItemRow
from storage.models import NodeRef
from storage.services import trash

T = TypeVar("T")


@strawberry.type(description="What became of one item.")
class ItemPayload:
    """The item, or why it stays as it is."""

    item: Item | None = strawberry.field(description="The item after the change.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type(description="What became of one item that was to be deleted for good.")
class PurgePayload:
    """The id of what is gone, or why it is still there."""

    purged_id: strawberry.ID | None = strawberry.field(description="The id of the item that is gone.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.input(description="Items to move to the trash.")
class TrashInput:
    """A batch."""

    ids: list[strawberry.ID] = strawberry.field(description="Up to 100 files and folders.")


@strawberry.type(description="The result of `trash`.")
class TrashPayload:
    """A result for each item."""

    results: list[ItemPayload] = strawberry.field(description="One result for each id, in their order.")
    errors: list[UserError] = strawberry.field(description="Why nothing at all was done; empty when it was.")


@strawberry.input(description="Items to take back out of the trash.")
class RestoreInput:
    """A batch."""

    ids: list[strawberry.ID] = strawberry.field(description="Up to 100 files and folders that are in the trash.")


@strawberry.type(description="The result of `restore`.")
class RestorePayload:
    """A result for each item."""

    results: list[ItemPayload] = strawberry.field(description="One result for each id, in their order.")
    errors: list[UserError] = strawberry.field(description="Why nothing at all was done; empty when it was.")


@strawberry.input(description="Items of the trash to delete for good.")
class PurgeInput:
    """A batch."""

    ids: list[strawberry.ID] = strawberry.field(description="Up to 100 files and folders that are in the trash.")


@strawberry.type(description="The result of `purge`.")
class PurgeResultsPayload:
    """A result for each item."""

    results: list[PurgePayload] = strawberry.field(description="One result for each id, in their order.")
    errors: list[UserError] = strawberry.field(description="Why nothing at all was done; empty when it was.")


def _each(
    ids: Sequence[str], work: Callable[[list[NodeRef]], Sequence[T | StorageError]]
) -> list[T | StorageError | InvalidId]:
    """Do the work for all ids that can name an item, in one call; the others are errors at their places."""
    results: list[T | StorageError | InvalidId] = []
    refs: list[NodeRef] = []
    places: list[int] = []
    for index, value in enumerate(ids):
        error = InvalidId()
        results.append(error)
        try:
            refs.append(node_ref(value, Kind.FILE, Kind.FOLDER))
            places.append(index)
        except InvalidId:
            continue
    for index, found in zip(places, work(refs) if refs else (), strict=True):
        results[index] = found
    return results


def _item_payloads(context: Context, found: Sequence[ItemRow | StorageError | InvalidId]) -> list[ItemPayload]:
    rows = [row for row in found if isinstance(row, ItemRow)]
    made = {node.row.id: node for node in nodes.items(context.viewer, rows)}
    return [
        ItemPayload(item=made[each.id], errors=[])
        if isinstance(each, ItemRow)
        else ItemPayload(item=None, errors=[_stays(each, index)])
        for index, each in enumerate(found)
    ]


def _stays(error: StorageError | InvalidId, index: int) -> UserError:
    return user_error(error, (*INPUT, "ids", str(index)), fields=None)


@strawberry.type
class TrashMutations:
    """Part of the root."""

    @mutation("Move up to 100 items to the trash, with all below them. Their names become free.")
    def trash(self, info: Info, input: TrashInput) -> TrashPayload:
        if error := too_many(input.ids, "ids"):
            return TrashPayload(results=[], errors=[error])
        context = info.context
        found = _each(input.ids, lambda refs: trash.trash(context.actor, context.user_id, refs, now=context.now))
        return TrashPayload(results=_item_payloads(context, found), errors=[])

    @mutation("Take up to 100 items back out of the trash, to where they were.")
    def restore(self, info: Info, input: RestoreInput) -> RestorePayload:
        if error := too_many(input.ids, "ids"):
            return RestorePayload(results=[], errors=[error])
        context = info.context
        found = _each(input.ids, lambda refs: trash.restore(context.actor, refs, now=context.now))
        return RestorePayload(results=_item_payloads(context, found), errors=[])

    @mutation("Delete up to 100 items of the trash for good, with all below them.")
    def purge(self, info: Info, input: PurgeInput) -> PurgeResultsPayload:
        if error := too_many(input.ids, "ids"):
            return PurgeResultsPayload(results=[], errors=[error])
        context = info.context
        found = _each(input.ids, lambda refs: trash.purge(context.actor, refs, now=context.now))
        results = [
            PurgePayload(purged_id=strawberry.ID(given), errors=[])
            if isinstance(each, str)
            else PurgePayload(purged_id=None, errors=[_stays(each, index)])
            for index, (given, each) in enumerate(zip(input.ids, found, strict=True))
        ]
        return PurgeResultsPayload(results=results, errors=[])
