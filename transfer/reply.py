"""The answer to one request: sent once, with the headers that every answer has."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Protocol

from storage.errors import BackendUnavailable
from transfer.asgi import ClientGone, Message, RawHeader, Send, UnsendableFile
from transfer.errors import MethodNotAllowed, RangeNotSatisfiable, Refusal, status_of

_RETRY_SECONDS = b"5"


class HasDescriptor(Protocol):
    """An open file of the system."""

    def fileno(self) -> int:
        """Return its descriptor."""


ZERO_COPY = "http.response.zerocopysend"
"""The ASGI extension by which a server sends a file itself, without its bytes passing through here."""


class Reply:
    """Sends one response. ``started`` tells whether the client has a status already, ``sends_files`` whether the server
    has the extension ``ZERO_COPY``.
    """

    __slots__ = ("_always", "_head_only", "_send", "sends_files", "started")

    def __init__(self, send: Send, *, always: Sequence[RawHeader], head_only: bool, sends_files: bool = False) -> None:
        self._send = send
        self._always = list(always)
        self._head_only = head_only
        self.sends_files = sends_files
        self.started = False

    async def start(self, status: int, headers: Sequence[RawHeader]) -> None:
        """Send status and headers."""
        self.started = True
        await self._pass({"type": "http.response.start", "status": status, "headers": [*headers, *self._always]})

    async def body(self, block: bytes, *, more: bool) -> None:
        """Send the next piece of the body; after one with ``more=False`` the response is complete."""
        await self._pass({"type": "http.response.body", "body": block, "more_body": more})

    async def file(self, file: HasDescriptor, offset: int, count: int) -> None:
        """Let the server send ``count`` bytes of ``file`` as the end of the body; only if it ``sends_files``.

        How long the client may take is the server's business; the file stays open meanwhile. Raises BackendUnavailable
        where the file is not what it was.
        """
        try:
            await self._pass({"type": ZERO_COPY, "file": file, "offset": offset, "count": count, "more_body": False})
        except UnsendableFile as error:
            raise BackendUnavailable(str(error)) from error

    async def whole(self, status: int, headers: Sequence[RawHeader], body: bytes = b"", *, hold: bool = False) -> None:
        """Send a response with a body at hand. ``hold`` leaves it formally open: the client has all of it, the
        server does not close the connection yet; ``release`` ends it."""
        if status not in (204, 304):
            headers = [*headers, (b"content-length", b"%d" % len(body))]
        await self.start(status, headers)
        await self.body(b"" if self._head_only else body, more=hold)

    async def release(self) -> None:
        """Complete a response that was held open."""
        await self.body(b"", more=False)

    async def _pass(self, message: Message) -> None:
        """Some servers raise OSError when the client is gone (ASGI 2.4), others say nothing."""
        try:
            await self._send(message)
        except OSError:
            raise ClientGone from None


def refusal_headers(error: Refusal) -> list[RawHeader]:
    """The headers of a refusal, without Content-Length."""
    headers = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if error.retryable and status_of(error) in (408, 429, 503):
        headers.append((b"retry-after", _RETRY_SECONDS))
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", error.allow.encode("ascii")))
    if isinstance(error, RangeNotSatisfiable):
        headers.append((b"content-range", f"bytes */{error.size}".encode("ascii")))
    return headers


def refusal_body(error: Refusal, *, request_id: str | None = None) -> bytes:
    """The JSON of a refusal: ``{"error": {"code", "message", "retryable"}}``, ``requestId`` too if one was logged."""
    content: dict[str, object] = {"code": error.code, "message": error.message, "retryable": error.retryable}
    if request_id is not None:
        content["requestId"] = request_id
    return json.dumps({"error": content}).encode()
