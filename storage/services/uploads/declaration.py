"""What a client declares of an upload before it sends a byte, and what can be said about it without a database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from storage import names
from storage.errors import FileTooLarge, InvalidArgument
from storage.models import ConflictPolicy, Upload

_SHA256 = re.compile("[0-9a-f]{64}")
_MIME = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}(?: ?;[\x20-\x7e]{0,52})?", re.ASCII)
"""255 characters at most, which is what the column holds."""
_MAX_IDEMPOTENCY_KEY = 100


@dataclass(frozen=True, slots=True)
class BeginRequest:
    """What a client declares. ``size`` in bytes; ``sha256`` in hex or empty; ``content_type`` is kept, never believed.

    ``parent_id`` is an item id of a folder, or a drive's id with ``parent_kind="drive"`` for its top level.
    """

    parent_id: str
    name: str
    size: int
    content_type: str = ""
    sha256: str = ""
    on_conflict: ConflictPolicy = ConflictPolicy.FAIL
    idempotency_key: str | None = None
    parent_kind: Literal["folder", "drive"] = "folder"


def checked(request: BeginRequest, max_size: int) -> str:
    """Check what needs no database, and return the key of the name. ``max_size`` in bytes.

    Raises InvalidName, InvalidArgument, FileTooLarge.
    """
    name_key = names.checked(request.name)
    if request.size < 0:
        raise InvalidArgument("A size is not negative.", path=["size"])
    if request.size > max_size:
        raise FileTooLarge(f"A file has at most {max_size} bytes here.")
    if request.sha256 and not _SHA256.fullmatch(request.sha256.lower()):
        raise InvalidArgument("A SHA-256 is 64 hexadecimal digits.", path=["sha256"])
    if request.content_type and not _MIME.fullmatch(request.content_type):
        raise InvalidArgument("A content type looks like image/png.", path=["contentType"])
    key = request.idempotency_key
    if key is not None and not (0 < len(key) <= _MAX_IDEMPOTENCY_KEY and key.isprintable()):
        raise InvalidArgument(
            f"An idempotency key has 1 to {_MAX_IDEMPOTENCY_KEY} printable characters.", path=["idempotencyKey"]
        )
    return name_key


def began(request: BeginRequest, upload: Upload) -> bool:
    """Tell whether ``upload`` was begun by the same input."""
    is_root = upload.parent_id == upload.drive_id
    same_parent = upload.parent_id == request.parent_id and is_root == (request.parent_kind == "drive")
    return same_parent and (
        upload.name == request.name
        and upload.declared_size == request.size
        and upload.declared_sha256 == request.sha256.lower()
        and upload.declared_type == request.content_type
        and upload.on_conflict == request.on_conflict
    )
