"""What a list of items may be narrowed to: values, and the SQL conditions they mean. Permissions are not asked here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage import names
from storage.errors import InvalidArgument
from storage.models import ItemKind
from storage.selectors import dialect
from storage.tables import moment

Condition = tuple[str, Sequence[object]]
"""SQL over the row ``n`` of an item, with its parameters."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CONTENT_TYPE = re.compile(r"[\w.+-]+/(\*|[\w.+-]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Narrows the children of a folder. ``name_contains`` is compared by ``name_key`` (NFC, case kept)."""

    name_contains: str | None = None
    kind: ItemKind | None = None

    def conditions(self) -> list[Condition]:
        """Return the conditions, to be joined by AND."""
        found: list[Condition] = []
        if self.kind is not None:
            found.append(("n.kind = %s", [self.kind.value]))
        if self.name_contains:
            found.append(_contains(self.name_contains))
        return found


@dataclass(frozen=True, slots=True)
class FileFilter:
    """Narrows the list of all files. Sizes in bytes, both ends included; times included at ``after`` only.

    ``drive_id`` and ``folder_id`` are ids without a kind; ``folder_id`` means its direct children. ``content_type`` is
    a whole type or ``image/*``. Raises InvalidArgument for a hash or a type that can be none.
    """

    drive_id: str | None = None
    folder_id: str | None = None
    name_contains: str | None = None
    content_type: str | None = None
    sha256: str | None = None
    min_size: int | None = None
    max_size: int | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None
    created_by_id: str | None = None

    def __post_init__(self) -> None:
        if self.sha256 is not None and not _SHA256.fullmatch(self.sha256):
            raise InvalidArgument("A SHA-256 is 64 hexadecimal digits in lower case.", path=["filter", "sha256"])
        if self.content_type is not None and not _CONTENT_TYPE.fullmatch(self.content_type):
            raise InvalidArgument('A content type looks like "image/png" or "image/*".', path=["filter", "contentType"])

    def conditions(self) -> list[Condition]:
        """Return the conditions, to be joined by AND."""
        plain = [
            ("n.drive_id = %s", self.drive_id),
            ("n.parent_id = %s", self.folder_id),
            ("n.sha256 = %s", self.sha256),
            ("n.size >= %s", self.min_size),
            ("n.size <= %s", self.max_size),
            ("n.updated_at >= %s", _adapted(self.updated_after)),
            ("n.updated_at < %s", _adapted(self.updated_before)),
            ("n.created_by_id = %s", self.created_by_id),
        ]
        found: list[Condition] = [(sql, [value]) for sql, value in plain if value is not None]
        if self.content_type is not None:
            found.append(self._of_type(self.content_type))
        if self.name_contains:
            found.append(_contains(self.name_contains))
        return found

    @staticmethod
    def _of_type(content_type: str) -> Condition:
        content_type = content_type.lower()
        if not content_type.endswith("/*"):
            return "n.content_type = %s", [content_type]
        head = content_type[:-1]
        return "substr(n.content_type, 1, %s) = %s", [len(head), head]


def _adapted(value: datetime | None) -> object:
    return None if value is None else moment(value)


def _contains(text: str) -> Condition:
    key = names.key(text)
    if not names.may_be_stored(key):
        return "1 = 0", []
    return dialect.contains("n.name_key"), [key]
