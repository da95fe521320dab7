"""Nodes by their ids, items by their path."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import strawberry

from authz.services import model_versions
from schema.context import Context, Info
from schema.descriptions import field
from schema.errors import BadUserInput
from schema.ids import InvalidId, Kind, decode, decode_as, node_ref
from schema.limits import MAX_PAGE_SIZE
from schema.loaders import lists
from schema.loaders.model_page import ModelPage
from schema.loaders.upload_page import UploadPage
from schema.types import nodes
from schema.types.access_token import AccessToken
from schema.types.authorization_model import AuthorizationModel
from schema.types.drive import Drive
from schema.types.file import File
from schema.types.folder import Folder
from schema.types.item import Item
from schema.types.node import Node
from schema.types.upload import Upload
from schema.types.user import User
from storage.models import NodeKind, NodeRef
from storage.services import uploads

Id = Annotated[strawberry.ID, strawberry.argument(description="The id.")]


def _nodes(context: Context, ids: Sequence[str]) -> list[Any]:
    """Return the nodes of ids in their order; what is not there to be seen, and what is no id, is None.

    All ids of one kind are loaded together.
    """
    named = {}
    for value in ids:
        try:
            named[value] = decode(value)
        except InvalidId:
            continue
    wanted: dict[Kind, list[str]] = {}
    for kind, row_id in named.values():
        wanted.setdefault(kind, []).append(row_id)
    refs = [NodeRef(_TREE[kind], row_id) for kind, row_id in named.values() if kind in _TREE]
    found: dict[tuple[Kind, str], Any] = {
        (Kind(ref.kind.value), ref.id): nodes.node(loaded)
        for ref, loaded in lists.by_refs(context.viewer, refs).items()
    }
    for kind, load in _OFF_TREE.items():
        if kind in wanted:
            found.update(((kind, row_id), node) for row_id, node in load(context, wanted[kind]).items())
    return [found.get(named[value]) if value in named else None for value in ids]


def _uploads(context: Context, ids: Sequence[str]) -> dict[str, Any]:
    """Return those of the uploads that are the viewer's own."""
    rows = uploads.get_many(context.actor, ids)
    page = UploadPage(context.viewer, list(rows.values()))
    return {row_id: Upload(row=row, page=page) for row_id, row in rows.items()}


def _users(context: Context, ids: Sequence[str]) -> dict[str, Any]:
    """Return people; a visitor learns nothing about who has an account."""
    rows = context.people.by_ids(list(ids)) if context.user_id is not None else {}
    return {row_id: User(row=rows[row_id]) for row_id in ids if row_id in rows}


def _groups(context: Context, ids: Sequence[str]) -> dict[str, Any]:
    rows = context.people.groups_by_ids(ids)
    return dict(zip(rows, nodes.groups(context.viewer, list(rows.values())), strict=True))


def _access_tokens(context: Context, ids: Sequence[str]) -> dict[str, Any]:
    """Return those of the access tokens that are the viewer's own."""
    rows = context.people.my_access_tokens() if context.user_id is not None else []
    return {row.id: AccessToken(row=row) for row in rows if row.id in ids}


def _models(context: Context, ids: Sequence[str]) -> dict[str, Any]:
    """Return versions of the authorization model, for whoever may read them."""
    rows = model_versions.by_ids(context.actor, ids)
    page = ModelPage(list(rows.values()))
    return {row_id: AuthorizationModel(row=row, page=page) for row_id, row in rows.items()}


_TREE = {Kind.DRIVE: NodeKind.DRIVE, Kind.FOLDER: NodeKind.FOLDER, Kind.FILE: NodeKind.FILE}
_OFF_TREE: dict[Kind, Callable[[Context, Sequence[str]], dict[str, Any]]] = {
    Kind.UPLOAD: _uploads,
    Kind.USER: _users,
    Kind.GROUP: _groups,
    Kind.TOKEN: _access_tokens,
    Kind.MODEL: _models,
}


def _one(context: Context, value: strawberry.ID, kind: Kind) -> Drive | File | Folder | None:
    try:
        ref = node_ref(value, kind)
    except InvalidId:
        return None
    return nodes.node_or_none(lists.by_refs(context.viewer, [ref]).get(ref))


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
        found = _one(info.context, id, Kind.FOLDER)
        return found if isinstance(found, Folder) else None

    @field("A file by its id; null when there is none that the viewer may see.")
    def file(self, info: Info, id: Id) -> File | None:
        found = _one(info.context, id, Kind.FILE)
        return found if isinstance(found, File) else None

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
        found = lists.by_path(info.context.viewer, drive_id, path)
        return None if found is None else nodes.item(*found)

    @field("One of the viewer's own uploads by its id; null when there is none.")
    def upload(self, info: Info, id: Id) -> Upload | None:
        try:
            row_id = decode_as(id, Kind.UPLOAD)
        except InvalidId:
            return None
        return _uploads(info.context, [row_id]).get(row_id)
