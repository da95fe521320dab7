"""Finding and making remote things: addresses to nodes, children of a folder, folders on the way to a path."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from filegraph.client import operations
from filegraph.client.addresses import Address
from filegraph.client.errors import NotFoundOrDenied, Refused, ServerUnreachable, UsageFault
from filegraph.client.graphql_client import GraphQLClient
from filegraph.client.nodes import (
    RemoteContainer,
    RemoteDrive,
    RemoteDropBox,
    RemoteFile,
    RemoteFolder,
    RemoteGroup,
    RemoteItem,
    RemoteNode,
    parse_item,
    parse_node,
)


def name_key(name: str) -> str:
    """The form in which the server compares names (Unicode NFC)."""
    return unicodedata.normalize("NFC", name)


def drives(client: GraphQLClient) -> Iterator[RemoteDrive]:
    """Every drive that the viewer sees."""
    after: str | None = None
    while True:
        page = client.execute(operations.DRIVES, {"after": after})["drives"]
        for data in page["nodes"]:
            node = parse_node(data)
            if isinstance(node, RemoteDrive):
                yield node
        after = next_cursor(page, after)
        if after is None:
            return


def groups(client: GraphQLClient) -> Iterator[RemoteGroup]:
    """Every group, by name."""
    after: str | None = None
    while True:
        page = client.execute(operations.GROUPS, {"after": after})["groups"]
        for data in page["nodes"]:
            yield RemoteGroup.parse(data)
        after = next_cursor(page, after)
        if after is None:
            return


def children(client: GraphQLClient, container_id: str, *, name_contains: str = "") -> Iterator[RemoteItem]:
    """The files and folders directly inside a drive or folder. Raises ``NotFoundOrDenied`` when it went away."""
    after: str | None = None
    condition = {"nameContains": name_contains} if name_contains else None
    while True:
        node = client.execute(operations.CHILDREN, {"id": container_id, "after": after, "filter": condition})["node"]
        if not node or "children" not in node:
            raise NotFoundOrDenied(f"There is no folder {container_id} that you can see.")
        for data in node["children"]["nodes"]:
            yield parse_item(data)
        after = next_cursor(node["children"], after)
        if after is None:
            return


def find(client: GraphQLClient, address: Address) -> RemoteNode | None:
    """What ``address`` names, or None when it is absent or hidden."""
    root = _root(client, address)
    if root is None or not address.segments:
        return root
    if isinstance(root, RemoteDrive):
        data = client.execute(operations.ITEM_AT, {"drive": root.id, "path": address.path})["item"]
        return parse_item(data) if data else None
    return _descend(client, root, address.segments)


def get(client: GraphQLClient, address: Address) -> RemoteNode:
    """Like ``find``. Raises ``NotFoundOrDenied``."""
    node = find(client, address)
    if node is None:
        raise NotFoundOrDenied(f"{address}: there is nothing here that you can see.")
    return node


def get_item(client: GraphQLClient, address: Address) -> RemoteItem:
    """Like ``get``, for a file or folder. Raises ``UsageFault`` for a drive."""
    node = get(client, address)
    if isinstance(node, RemoteDrive):
        raise UsageFault(f"{address} is a whole drive; name something inside it.")
    return node


def make_folder(client: GraphQLClient, parent_id: str, name: str, *, existing_ok: bool = True) -> RemoteFolder:
    """Create a folder; ``existing_ok`` returns the one that is there. Raises ``Refused`` or ``NotFoundOrDenied``."""
    policy = "REPLACE" if existing_ok else "FAIL"
    arguments = {"parentId": parent_id, "name": name, "onConflict": policy}
    payload = client.mutate(operations.CREATE_FOLDER, arguments, repeatable=existing_ok)
    folder = parse_node(payload["folder"])
    if not isinstance(folder, RemoteFolder):
        raise ServerUnreachable("The server made something else than a folder.")
    return folder


def make_folders(client: GraphQLClient, address: Address) -> RemoteContainer:
    """The container at ``address``, with every missing folder on the way created."""
    node = find(client, address)
    if isinstance(node, RemoteFile):
        raise Refused(f"{address} is a file, not a folder.")
    if node is not None:
        return node
    if not address.segments:
        raise NotFoundOrDenied(f"There is no drive {address.root!r} that you can see.")
    return make_folder(client, make_folders(client, address.parent).id, address.name)


def open_destination(client: GraphQLClient, address: Address) -> RemoteContainer | RemoteDropBox:
    """Where an upload goes: like ``make_folders``, or, for the bare id of something hidden, a drop box perhaps.

    Only an upload can tell whether there is such a drop box.
    """
    try:
        return make_folders(client, address)
    except NotFoundOrDenied:
        if address.root_is_id and not address.segments:
            return RemoteDropBox(address.root)
        raise


def _root(client: GraphQLClient, address: Address) -> RemoteNode | None:
    if address.root_is_id:
        data = client.execute(operations.NODE, {"id": address.root})["node"]
    else:
        data = client.execute(operations.DRIVE, {"name": address.root})["drive"]
    return parse_node(data) if data else None


def _descend(client: GraphQLClient, node: RemoteNode, segments: tuple[str, ...]) -> RemoteNode | None:
    for segment in segments:
        if isinstance(node, RemoteFile):
            return None
        matching = (
            c for c in children(client, node.id, name_contains=segment) if name_key(c.name) == name_key(segment)
        )
        found = next(matching, None)
        if found is None:
            return None
        node = found
    return node


def next_cursor(page: dict[str, object], before: str | None) -> str | None:
    """The cursor of the next page, None at the end. A server that repeats a cursor would keep us for ever."""
    info = page["pageInfo"]
    if not isinstance(info, dict) or not info["hasNextPage"]:
        return None
    cursor = info["endCursor"]
    if not isinstance(cursor, str) or cursor == before:
        raise ServerUnreachable("The server's pages do not come to an end.")
    return cursor
