"""Drives and folders, and the names and places of items."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

import strawberry

from schema.context import Info
from schema.descriptions import mutation
from schema.errors import UserError
from schema.ids import Kind, node_ref, row_id
from schema.mutations.outcome import ERRORS, outcome
from schema.scalars import BigInt
from schema.types import nodes
from schema.types.drive import Drive
from schema.types.folder import Folder
from schema.types.item import Item
from schema.types.upload import ConflictPolicy
from storage import models
from storage.services import drives, folders, items


@strawberry.input(description="A drive to make.")
class CreateDriveInput:
    """The drive's properties."""

    name: str = strawberry.field(description="A name no other drive has.")
    quota: BigInt | None = strawberry.field(
        default=None, description="How many bytes it may hold; no limit when left out."
    )
    backend_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Where its bytes are kept: the id that the administration pages show. The oldest writable backend "
        "when left out.",
    )


@strawberry.type(description="The result of `createDrive`.")
class CreateDrivePayload:
    """The drive, or why there is none."""

    drive: Drive | None = strawberry.field(description="The new drive, owned by the viewer.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.input(description="A folder to make.")
class CreateFolderInput:
    """Place and name."""

    parent_id: strawberry.ID = strawberry.field(description="The drive or folder to make it in.")
    name: str = strawberry.field(description="Its name there.")
    on_conflict: ConflictPolicy = strawberry.field(
        default=ConflictPolicy.FAIL,
        description="What to do when the name is taken; REPLACE answers with the folder that is there.",
    )


@strawberry.type(description="The result of `createFolder`.")
class CreateFolderPayload:
    """The folder, or why there is none."""

    folder: Folder | None = strawberry.field(description="The new folder, or the one that was there.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.input(description="Another name for an item.")
class RenameInput:
    """Which and how."""

    id: strawberry.ID = strawberry.field(description="The file or folder.")
    name: str = strawberry.field(description="Its new name.")


@strawberry.type(description="The result of `rename`.")
class RenamePayload:
    """The item, or why it keeps its name."""

    item: Item | None = strawberry.field(description="The item under its new name.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.input(description="Another place for an item.")
class MoveInput:
    """Which and where."""

    id: strawberry.ID = strawberry.field(description="The file or folder.")
    parent_id: strawberry.ID = strawberry.field(description="The folder to move it to, or its drive for the top.")
    on_conflict: ConflictPolicy = strawberry.field(
        default=ConflictPolicy.FAIL, description="What to do when the name is taken there."
    )


@strawberry.type(description="The result of `move`.")
class MovePayload:
    """The item, or why it stays."""

    item: Item | None = strawberry.field(description="The item at its new place.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type
class TreeMutations:
    """Part of the root."""

    @mutation("Make a drive and own it.")
    def create_drive(self, info: Info, input: CreateDriveInput) -> CreateDrivePayload:
        context = info.context
        row, errors = outcome(
            lambda: drives.create(
                context.actor,
                context.user_id,
                input.name,
                now=context.now,
                quota_bytes=input.quota,
                backend_id=None if input.backend_id is None else row_id(input.backend_id),
            )
        )
        return CreateDrivePayload(drive=nodes.drive(context.viewer, row) if row else None, errors=errors)

    @mutation("Make a folder.")
    def create_folder(self, info: Info, input: CreateFolderInput) -> CreateFolderPayload:
        context = info.context
        row, errors = outcome(
            lambda: folders.create(
                context.actor,
                context.user_id,
                node_ref(input.parent_id, Kind.DRIVE, Kind.FOLDER),
                input.name,
                on_conflict=models.ConflictPolicy(input.on_conflict.value),
                now=context.now,
            ),
            ("input", "parentId"),
        )
        return CreateFolderPayload(folder=nodes.folder(context.viewer, row) if row else None, errors=errors)

    @mutation("Give a file or folder another name.")
    def rename(self, info: Info, input: RenameInput) -> RenamePayload:
        context = info.context
        row, errors = outcome(
            lambda: items.rename(
                context.actor, node_ref(input.id, Kind.FILE, Kind.FOLDER), input.name, now=context.now
            ),
            ("input", "id"),
        )
        return RenamePayload(item=nodes.items(context.viewer, [row])[0] if row else None, errors=errors)

    @mutation("Put a file or folder, with all below it, somewhere else in its drive.")
    def move(self, info: Info, input: MoveInput) -> MovePayload:
        context = info.context
        row, errors = outcome(
            lambda: items.move(
                context.actor,
                context.user_id,
                node_ref(input.id, Kind.FILE, Kind.FOLDER),
                node_ref(input.parent_id, Kind.DRIVE, Kind.FOLDER),
                on_conflict=models.ConflictPolicy(input.on_conflict.value),
                now=context.now,
            )
        )
        return MovePayload(item=nodes.items(context.viewer, [row])[0] if row else None, errors=errors)
