"""Bodies of requests that nobody reads, and small ones that are read whole. Those of files are in ``transfer.body``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from filegraph.refusals import Refusal
from transfer.reply import ZERO_COPY

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Any], Awaitable[None]]
App: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]

UNREAD_LIMIT = 64 * 1024
"""Bytes that are read for nothing after an answer, so that the client gets to read it."""

LINGER_SECONDS = 1.0
"""How long that may take."""

_BODIES = ("http.response.body", ZERO_COPY)


class BodyRefused(Exception):
    """The body is too long, too slow, or broke off; ``refusal`` is the answer, None if nobody is there to read it."""

    def __init__(self, refusal: Refusal | None) -> None:
        self.refusal = refusal
        super().__init__()


def has_body(scope: Scope) -> bool:
    """Return whether a body follows the head (RFC 9112 section 6.3)."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0 \t"))
        for name, value in scope["headers"]
    )


async def read_whole(scope: Scope, receive: Receive, *, limit: int, seconds: float) -> Receive:
    """Read the body, at most ``limit`` bytes within ``seconds``; return a ``receive`` that gives it out in one piece.

    Raises BodyRefused. What is declared as too long is refused before anything is read.
    """
    too_large = Refusal(413, "BODY_TOO_LARGE", f"The body may have at most {limit} bytes.")
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    if not declared.isdigit() or int(declared[:20]) > limit:
        raise BodyRefused(too_large)
    body = bytearray()
    more = True
    try:
        async with asyncio.timeout(seconds):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise BodyRefused(None)
                body += message.get("body", b"")
                if len(body) > limit:
                    raise BodyRefused(too_large)
                more = message.get("more_body", False)
    except TimeoutError:
        too_slow = Refusal(408, "BODY_TOO_SLOW", "The body came too slowly; send it again.", retryable=True)
        raise BodyRefused(too_slow) from None
    pending: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay


class CloseUnread:
    """Runs an application; a connection whose body was not read to its end is closed after the answer.

    Otherwise the server would go on reading what nobody wants, however long it is, to find the next request.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of scope type ``http``."""
        if not has_body(scope):
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(receive, send)
        await self._app(scope, exchange.receive, exchange.send)


class _Exchange:
    """One request and its answer."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._finished = False
        self._closing = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._finished = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and not self._finished:
            self._closing = True
            headers = [header for header in message.get("headers", []) if header[0].lower() != b"connection"]
            message = {**message, "headers": [*headers, (b"connection", b"close")]}
        if message["type"] in _BODIES and self._closing and not message.get("more_body", False):
            # The client has the whole answer now. Closing with unread bytes makes TCP reset the connection, and a
            # reset can overtake the answer: what is already on its way is taken first.
            await self._send({**message, "more_body": True})
            await self._drain()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    async def _drain(self) -> None:
        drained = 0
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while not self._finished and drained < UNREAD_LIMIT:
                    drained += len((await self.receive()).get("body", b""))
                if not self._finished:
                    # The client has this long to read the answer and to go.
                    await asyncio.sleep(LINGER_SECONDS)
        except TimeoutError:
            return
