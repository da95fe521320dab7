"""The body of a request: messages gathered into batches, counted and paced by ourselves.

Nothing is received before somebody asks: a client that waits for ``100 Continue`` sends nothing before it is welcome,
and one that is faster than the disk is held back by TCP.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from transfer.asgi import ClientGone, Receive
from transfer.errors import BodyTooSlow
from transfer.pace import Pace

MOST_PIECES = 1024
"""Of a batch. A piece is an object of some fifty bytes, however few it carries: a client that sends crumbs must not
fill the memory. Those of an ordinary network packet make more than 1 MiB together."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive pieces of the body, ``size`` bytes in all; ``last`` if nothing comes after them."""

    chunks: list[bytes]
    size: int
    last: bool


class Body:
    """Reads the body of one request, once. ``finished`` tells whether its end was seen."""

    __slots__ = ("_pace", "_receive", "finished")

    def __init__(self, receive: Receive, pace: Pace) -> None:
        self._receive = receive
        self._pace = pace
        self.finished = False

    async def gather(self, size: int) -> Batch:
        """The next pieces: at least ``size`` bytes, unless the body ends or they are ``MOST_PIECES``.

        Raises ClientGone, BodyTooSlow.
        """
        chunks: list[bytes] = []
        total = 0
        while total < size and len(chunks) < MOST_PIECES and not self.finished:
            chunk = await self._next()
            chunks.append(chunk)
            total += len(chunk)
        return Batch(chunks, total, self.finished)

    async def drain(self, *, limit: int, seconds: float) -> None:
        """Read and forget up to about ``limit`` bytes for at most ``seconds``, then only wait. Never raises.

        For a refused body: closing a connection with unread bytes makes TCP reset it, and a reset can overtake the
        answer. The wait gives the client time to read the answer and to go.
        """
        drained = 0
        try:
            async with asyncio.timeout(seconds):
                while not self.finished and drained < limit:
                    message = await self._receive()
                    if message["type"] == "http.disconnect":
                        return
                    drained += len(message.get("body", b""))
                    self.finished = not message.get("more_body", False)
                if not self.finished:
                    await asyncio.sleep(seconds)
        except TimeoutError:
            return

    async def _next(self) -> bytes:
        begun = time.monotonic()
        try:
            async with asyncio.timeout(self._pace.allowance):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        self._pace.account(waited=time.monotonic() - begun, size=len(chunk))
        self.finished = not message.get("more_body", False)
        return chunk
