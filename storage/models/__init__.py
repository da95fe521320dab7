"""The rows: one noun per file."""

from storage.models.backend import Backend
from storage.models.blob import Blob, Tombstone
from storage.models.drive import Drive
from storage.models.file import File, FileVersion
from storage.models.folder import MAX_DEPTH, Folder, FolderClosure
from storage.models.identifier import IdentifierField
from storage.models.item import Item, ItemKind, StoredObject
from storage.models.node import Node, NodeKind, NodeRef
from storage.models.upload import LIVE_STATES, ConflictPolicy, Upload, UploadState

__all__ = [
    "LIVE_STATES",
    "MAX_DEPTH",
    "Backend",
    "Blob",
    "ConflictPolicy",
    "Drive",
    "File",
    "FileVersion",
    "Folder",
    "FolderClosure",
    "IdentifierField",
    "Item",
    "ItemKind",
    "Node",
    "NodeKind",
    "NodeRef",
    "StoredObject",
    "Tombstone",
    "Upload",
    "UploadState",
]
