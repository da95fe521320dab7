"""How the bytes of a download get to the client: block by block, or by the server, which sends files itself."""

from __future__ import annotations

import asyncio
import io
from functools import partial
from typing import Protocol

from storage.errors import BackendUnavailable
from transfer.asgi import ClientGone, Receive
from transfer.conf import BLOCK
from transfer.file_threads import FileThreads, settle
from transfer.ranges import ByteRange
from transfer.reply import Reply
from transfer.representation import Plan


class Reader(Protocol):
    """What is needed of a store's reader."""

    def read(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes from ``offset``."""

    def fileno(self) -> int:
        """Return a file descriptor with the same bytes; raises ``io.UnsupportedOperation`` without one."""

    def close(self) -> None:
        """Let go of it."""


class Sender:
    """Reads blocks of 1 MiB in a file thread, one ahead of what is being sent: memory is some blocks per download.

    Where the server sends files and the store has one, only the first block goes this way: a small file is quicker
    read than handed over, and of a dead store the client hears before the status is sent.
    """

    def __init__(self, threads: FileThreads, *, timeout: float) -> None:
        self._threads = threads
        self._timeout = timeout

    async def send(self, plan: Plan, part: ByteRange, reader: Reader, *, reply: Reply, receive: Receive) -> None:
        """Send ``plan``, whose ``part`` is not None, with the bytes of ``reader``, and do not close it.

        The first block is read before the status is sent, so that a dead store is a 503. Raises ClientGone when the
        client left or takes too long, and the errors of the store.
        """
        position, end = part.offset, part.offset + part.length
        hand_over = part.length > BLOCK and reply.sends_files and _has_descriptor(reader)
        ahead = self._read(reader, position, end)
        gone = asyncio.ensure_future(_disconnect(receive)) if part.length > BLOCK else None
        try:
            while position < end:
                block = await asyncio.shield(ahead)
                position += len(block)
                if position < end and not hand_over:
                    ahead = self._read(reader, position, end)
                if not reply.started:
                    await reply.start(plan.status, plan.headers)
                await self._pass(block, reply, more=position < end)
                if gone is not None and gone.done() and position < end:
                    raise ClientGone
                if position < end and hand_over:
                    await reply.file(reader, position, end - position)
                    return
        finally:
            if gone is not None:
                gone.cancel()
            await settle(ahead)

    async def _pass(self, block: bytes, reply: Reply, *, more: bool) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await reply.body(block, more=more)
        except TimeoutError:
            raise ClientGone from None

    def _read(self, reader: Reader, position: int, end: int) -> asyncio.Future[bytes]:
        return self._threads.submit(partial(_read_exactly, reader, position, min(BLOCK, end - position)))


def _has_descriptor(reader: Reader) -> bool:
    try:
        return reader.fileno() >= 0
    except io.UnsupportedOperation:
        return False


def _read_exactly(reader: Reader, offset: int, length: int) -> bytes:
    block = reader.read(offset, length)
    if len(block) != length:
        raise BackendUnavailable("The store has fewer bytes than it should.")
    return block


async def _disconnect(receive: Receive) -> None:
    """Return when the client is gone. Without this, a server swallows what we send to nobody."""
    while (await receive())["type"] != "http.disconnect":
        pass
