"""Nodes by their ids, items by their path."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from schema.context import Context
from schema.descriptions import field
from schema.errors import BadUserInput
from schema.ids import InvalidId, Kind, decode, decode_as, node_ref
from schema.limits import MAX_PAGE_SIZE
from schema.queries.info import Info
from schema.types.access_token import AccessToken
from schema.types.file import File
from schema.types.folder import Folder
from schema.types.group import Group
from schema.types.item import Item
from schema.types.node import Node
from schema.types.upload import Upload
from schema.types.user import User
from storage.errors import NotFound
from storage.services import uploads

Id = Annotated[strawberry.ID, strawberry.argument(description="The id.")]


def _nodes(context: Context, ids: list[strawberry.ID]) -> list[Any]:
    """Return the nodes of ids in their order; what is not there to be seen, and what is no id, is None."""
    refs = {}
    for value in ids:
        try:
            refs[value] = node_ref(value)
        except InvalidId:
            continue
    found = dict(zip(refs, context.lists.by_refs(list(refs.values())), strict=True))
    return [found[value] if value in found else _off_tree(context, value) for value in ids]


def _off_tree(context: Context, value: str) -> Any:
    """Return a user, group, upload or access token."""
    try:
        kind, row_id = decode(value)
    except InvalidId:
        return None
    if kind is Kind.UPLOAD:
        return upload_node(context, value)
    if context.user_id is None:
        # A visitor learns nothing about who has an account.
        return None
    if kind is Kind.USER:
        user = context.people.by_ids([row_id]).get(row_id)
        return None if user is None else User(row=user)
    if kind is Kind.GROUP:
        return next((Group(row=row, context=context) for row in context.people.all_groups() if row.id == row_id), None)
    if kind is Kind.TOKEN:
        return next((AccessToken(row=row) for row in context.people.my_access_tokens() if row.id == row_id), None)
    return None


def upload_node(context: Context, value: str) -> Upload | None:
    """Return the viewer's own upload; None for any other."""
    try:
        return Upload(row=uploads.get(context.actor, decode_as(value, Kind.UPLOAD)), context=context)
    except (InvalidId, NotFound):
        return None


def _one(context: Context, value: strawberry.ID, kind: Kind) -> Any:
    try:
        ref = node_ref(value, kind)
    except InvalidId:
        return None
    return context.lists.by_refs([ref])[0]


@strawberry.type
class NodeQueries:
    """Part of the root."""

    @field("Anything by its id; null when there is nothing that the viewer may see.")
    def node(self, info: Info, id: Id) -> Node | None:
        return _nodes(info.context, [id])[0]  # type: ignore[no-any-return]

    @field("Up to 100 things by their ids, in that order; null for each that cannot be seen.")
    def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="Up to 100 ids.")],
    ) -> list[Node | None]:
        if len(ids) > MAX_PAGE_SIZE:
            raise BadUserInput(f"At most {MAX_PAGE_SIZE} ids at a time.")
        return _nodes(info.context, ids)

    @field("A folder by its id; null when there is none that the viewer may see.")
    def folder(self, info: Info, id: Id) -> Folder | None:
        return _one(info.context, id, Kind.FOLDER)  # type: ignore[no-any-return]

    @field("A file by its id; null when there is none that the viewer may see.")
    def file(self, info: Info, id: Id) -> File | None:
        return _one(info.context, id, Kind.FILE)  # type: ignore[no-any-return]

    @field("A file or folder by its path; null when there is none that the viewer may see.")
    def item(
        self,
        info: Info,
        drive: Annotated[strawberry.ID, strawberry.argument(description="The drive.")],
        path: Annotated[str, strawberry.argument(description='The way from the drive: "/a/b/c.txt".')],
    ) -> Item | None:
        try:
            drive_id = decode_as(drive, Kind.DRIVE)
        except InvalidId:
            return None
        return info.context.lists.by_path(drive_id, path)  # type: ignore[no-any-return]

    @field("One of the viewer's own uploads by its id; null when there is none.")
    def upload(self, info: Info, id: Id) -> Upload | None:
        return upload_node(info.context, id)
