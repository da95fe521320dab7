"""The shapes of ASGI (HTTP connection scope, version 3) that this package speaks, and nothing else of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

Scope = Mapping[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
RawHeader = tuple[bytes, bytes]


class Run(Protocol):
    """Takes a synchronous function to one of the long-lived threads that hold a database connection."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """Return what ``work`` returns; raise what it raises."""


class ClientGone(Exception):
    """The connection is closed; there is nobody to answer."""


class UnsendableFile(Exception):
    """A server that sends files itself cannot read one, or it ends too early. No OSError: those are the client's."""
