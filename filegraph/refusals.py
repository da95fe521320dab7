"""Requests that no part of the service gets to see, and the JSON that answers them. Errors of the parts are theirs."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

_SECURITY_HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP ``status`` and one clear sentence that may be shown to anybody."""

    status: int
    code: str
    message: str
    headers: tuple[tuple[bytes, bytes], ...] = ()
    retryable: bool = False

    @property
    def content(self) -> bytes:
        """The JSON: ``{"error": {"code", "message", "retryable"}}``."""
        return json.dumps({"error": {"code": self.code, "message": self.message, "retryable": self.retryable}}).encode()

    async def answer(self, send: Callable[[Any], Awaitable[None]]) -> None:
        """Send it as ASGI messages."""
        await send({"type": "http.response.start", "status": self.status, "headers": self._headers()})
        await send({"type": "http.response.body", "body": self.content})

    def raw(self) -> bytes:
        """Return the bytes of a whole HTTP/1.1 response that ends the connection (RFC 9112)."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}".encode()]
        lines += [name + b": " + value for name, value in [*self._headers(), (b"connection", b"close")]]
        return b"\r\n".join([*lines, b"", self.content])

    def _headers(self) -> list[tuple[bytes, bytes]]:
        return [*_SECURITY_HEADERS, (b"content-length", str(len(self.content)).encode()), *self.headers]


UNKNOWN_HOST = Refusal(
    400, "UNKNOWN_HOST", "This Host is not served here. The operator can add it to FILEGRAPH_ALLOWED_HOSTS."
)
SEVERAL_HOSTS = Refusal(400, "BAD_REQUEST", "A request names one Host.")
NOT_A_REQUEST = Refusal(400, "BAD_REQUEST", "This is not an HTTP/1.1 request.")
NOTHING_HERE = Refusal(404, "NOT_FOUND", "There is nothing at this address.")
GRAPHQL_IS_NEAR = Refusal(
    404, "NOT_FOUND", "There is nothing at this address. GraphQL is at /graphql, without a slash at the end."
)
READ_ONLY = Refusal(405, "METHOD_NOT_ALLOWED", "This address takes GET and HEAD.", ((b"allow", b"GET, HEAD"),))
HEAD_TOO_LARGE = Refusal(431, "HEADERS_TOO_LARGE", "The address and the headers of this request are too long.")
TOO_MANY_CONNECTIONS = Refusal(
    503,
    "TOO_MANY_CONNECTIONS",
    "Too many connections are open. Close some, or try again in a moment.",
    ((b"retry-after", b"5"),),
    retryable=True,
)
