"""What a client can name in the tree: a drive, a folder or a file. Values only; no table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from storage.models.drive import Drive
from storage.models.item import Item


class NodeKind(StrEnum):
    """What a node is. Values are the type names of authz."""

    DRIVE = "drive"
    FOLDER = "folder"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class NodeRef:
    """A node as a client names it. The root folder of a drive has no such name: its drive stands for it."""

    kind: NodeKind
    id: str


Node = Drive | Item
"""The row of a node."""
