"""Finding things in the trash of a drive. What is done with them is in ``filegraph.client.trash``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from filegraph.client import operations, remote
from filegraph.client.addresses import Address
from filegraph.client.errors import NotFoundOrDenied, UsageFault
from filegraph.client.graphql_client import GraphQLClient
from filegraph.client.nodes import RemoteDrive, TrashedItem


def trashed(client: GraphQLClient, drive: RemoteDrive) -> Iterator[TrashedItem]:
    """What was put into the trash of a drive and the viewer may delete, the latest first."""
    after: str | None = None
    while True:
        node = client.execute(operations.TRASHED, {"id": drive.id, "after": after})["node"]
        if not node or "trashed" not in node:
            raise NotFoundOrDenied(f"There is no drive {drive.name!r} that you can see.")
        for data in node["trashed"]["nodes"]:
            yield TrashedItem.parse(data, drive.name)
        after = remote.next_cursor(node["trashed"], after)
        if after is None:
            return


def drive_of(client: GraphQLClient, address: Address) -> RemoteDrive:
    """The drive before the colon. Raises ``NotFoundOrDenied``, and ``UsageFault`` for the id of a folder."""
    drive = remote.get(client, Address(address.root))
    if not isinstance(drive, RemoteDrive):
        raise UsageFault(f"{address.root} is no drive. Name its drive, or what you look for by its own id.")
    return drive


def from_paths(
    client: GraphQLClient, drive: RemoteDrive, addresses: Sequence[Address], *, latest: bool
) -> dict[Address, list[TrashedItem]]:
    """What was put into the trash from each path, the latest first, or the ``latest`` alone; never an empty list.

    Raises ``NotFoundOrDenied`` for a path that nothing came from, or that went there as part of a folder.
    """
    found: dict[Address, list[TrashedItem]] = {address: [] for address in addresses}
    by_key = {remote.name_key(address.path): address for address in addresses}
    folders: dict[Address, str] = {}
    for item in trashed(client, drive):
        key = remote.name_key(item.path or "")
        if key in by_key:
            found[by_key[key]].append(item)
        for path, address in by_key.items():
            if item.path and path.startswith(f"{key}/"):
                folders.setdefault(address, item.place)
        if latest and all(found.values()):
            break
    for address, items in found.items():
        if not items and address in folders:
            raise NotFoundOrDenied(f"{address} went to the trash with {folders[address]}; name that.")
        if not items:
            raise NotFoundOrDenied(f"{address}: nothing in the trash came from here.")
    return {address: items[:1] if latest else items for address, items in found.items()}
