"""The plain values that backends take and give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """What a store knows of an object without reading it: size (bytes), SHA-256 (hex) where it proves one, age."""

    size: int
    sha256: str | None
    modified: datetime


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object as a listing tells it: its key, and when it was committed (aware)."""

    key: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """Some objects in the order of the store; ``more`` come after the last of them."""

    objects: list[ListedObject]
    more: bool


@dataclass(frozen=True, slots=True)
class PresignedRequest:
    """A request that a client may send straight to the store; ``headers`` are signed and must be sent as they are."""

    method: str
    url: str
    expires_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
