"""What the server's answers become: small typed values. No requests are made here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from filegraph.client.errors import ServerUnreachable


@dataclass(frozen=True, slots=True)
class RemoteDrive:
    """A drive. ``quota`` (None: unlimited) and ``used`` are bytes."""

    id: str
    name: str
    created_at: str
    quota: int | None
    used: int


@dataclass(frozen=True, slots=True)
class RemoteFolder:
    """A folder below a drive."""

    id: str
    name: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file. ``size`` is bytes, ``sha256`` 64 hexadecimal digits."""

    id: str
    name: str
    updated_at: str
    size: int
    sha256: str
    content_type: str


@dataclass(frozen=True, slots=True)
class RemoteDropBox:
    """A drive or folder that shows nothing of itself, not even that it is there. It may take files all the same."""

    id: str


@dataclass(frozen=True, slots=True)
class RemoteGroup:
    """A group of people. ``members`` are usernames, None when the viewer may not know them."""

    id: str
    name: str
    members: tuple[str, ...] | None

    @classmethod
    def parse(cls, data: dict[str, Any]) -> RemoteGroup:
        """The group that ``data`` describes. Raises ``ServerUnreachable`` when it describes none."""
        try:
            members = data["members"]
            people = None if members is None else tuple(str(member["username"]) for member in members)
            return cls(data["id"], data["name"], people)
        except (KeyError, TypeError) as error:
            raise ServerUnreachable(
                "The server described a group in a way this program does not understand."
            ) from error


@dataclass(frozen=True, slots=True)
class TrashedItem:
    """A file or folder in the trash of a drive. ``path`` is where it was; None when the viewer may not see all of it.

    ``size`` is bytes, None for a folder; ``trashed_at`` an ISO 8601 time in UTC.
    """

    id: str
    name: str
    drive: str
    path: str | None
    trashed_at: str
    size: int | None

    @property
    def place(self) -> str:
        """Where it was, for people."""
        return f"{self.drive}:{self.path}" if self.path else f"{self.name}, from a folder that you cannot see"

    @classmethod
    def parse(cls, data: dict[str, Any], drive: str) -> TrashedItem:
        """What ``data`` describes, in the trash of that drive. Raises ``ServerUnreachable`` when it describes none."""
        try:
            size = int(data["size"]) if data["__typename"] == "File" else None
            return cls(data["id"], data["name"], drive, data["path"], str(data["trashedAt"]), size)
        except (KeyError, TypeError, ValueError) as error:
            raise ServerUnreachable(
                "The server described the trash in a way this program does not understand."
            ) from error


RemoteItem = RemoteFile | RemoteFolder
RemoteContainer = RemoteDrive | RemoteFolder
RemoteNode = RemoteDrive | RemoteFolder | RemoteFile


def parse_node(data: dict[str, Any]) -> RemoteNode:
    """The node that ``data`` describes. Raises ``ServerUnreachable`` when it is not one of ours."""
    try:
        kind = data["__typename"]
        if kind == "Drive":
            quota = data["quota"]
            return RemoteDrive(
                data["id"], data["name"], data["createdAt"], None if quota is None else int(quota), int(data["used"])
            )
        if kind == "Folder":
            return RemoteFolder(data["id"], data["name"], data["updatedAt"])
        if kind == "File":
            return RemoteFile(
                data["id"], data["name"], data["updatedAt"], int(data["size"]), data["sha256"], data["contentType"]
            )
    except (KeyError, TypeError, ValueError) as error:
        raise ServerUnreachable("The server described an item in a way this program does not understand.") from error
    raise ServerUnreachable(f"The server sent an item of the unknown kind {kind!r}.")


def parse_item(data: dict[str, Any]) -> RemoteItem:
    """Like ``parse_node``, for what can be inside a folder."""
    node = parse_node(data)
    if isinstance(node, RemoteDrive):
        raise ServerUnreachable("The server sent a drive where only files and folders can be.")
    return node


def place_of(item: dict[str, Any]) -> str:
    """Where an item with ``name``, ``path`` and ``drive`` is, for people; its name where they may not see the way."""
    drive = item["drive"]
    return f"{drive['name']}:{item['path']}" if drive and item["path"] else str(item["name"])
