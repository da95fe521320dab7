"""The upload address: PUT the bytes, HEAD to ask what has arrived."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from storage import content, tokens
from storage.errors import ChecksumMismatch
from storage.services.uploads import receive
from transfer.asgi import Run
from transfer.body import Body
from transfer.digest import digest_headers, told_digests
from transfer.errors import BadRequest
from transfer.file_threads import FileThreads, opened, settle
from transfer.intake import BufferBudget, Intake, Received
from transfer.reply import Reply
from transfer.request import Request

logger = logging.getLogger("filegraph.transfer")


class Uploads:
    """Answers for ``/u/<token>``. ``clock`` tells aware UTC."""

    def __init__(self, run: Run, clock: Callable[[], datetime], *, threads: FileThreads, budget: BufferBudget) -> None:
        self._run = run
        self._clock = clock
        self._threads = threads
        self._budget = budget

    async def put(self, request: Request, token: str, body: Body, reply: Reply) -> None:
        """Take the bytes of an upload. All that can be judged is judged before the first of them is read.

        Raises what ``receive`` and ``Intake`` raise, and ChecksumMismatch when a header tells another SHA-256 than the
        bytes have. A PUT that broke off, or came with such a header, can be sent again.
        """
        now = self._clock()
        tokens.read_upload(token, now=now)
        length = request.content_length()
        if request.header("content-range") is not None:
            raise BadRequest("A part of a file cannot be sent on its own.")
        told = told_digests(request.header("content-digest"), request.header("repr-digest"))
        start = partial(receive.start, token, content_length=length, now=now)
        attempt = await opened(asyncio.ensure_future(self._run(start)), self._interrupt)
        try:
            received = await self._receive(attempt, body, told)
        except BaseException:
            # Also when the server is stopping: the next PUT should find the upload open.
            await asyncio.shield(self._interrupt(attempt))
            raise
        await reply.whole(204, digest_headers(received.sha256))

    async def head(self, token: str, reply: Reply) -> None:
        """Tell how far the upload is: Upload-Offset and Upload-Length (bytes), Upload-State."""
        status = await self._run(partial(receive.status, token, now=self._clock()))
        headers = [
            (b"upload-offset", b"%d" % status.received),
            (b"upload-length", b"%d" % status.size),
            (b"upload-state", str(status.state).encode("ascii")),
            (b"cache-control", b"no-store"),
        ]
        await reply.whole(200, headers)

    async def _receive(self, attempt: receive.Receiving, body: Body, told: frozenset[str]) -> Received:
        """Take the body and finish; when it returns or raises, nothing works on the attempt any more."""
        intake = Intake(attempt.writer, attempt.size, threads=self._threads, budget=self._budget)
        received = await intake.take(body)
        if told - {received.sha256}:
            raise ChecksumMismatch
        size, sha256 = received.size, received.sha256
        await _whole(self._threads.submit(partial(receive.store, attempt, size=size, sha256=sha256)))
        kind = content.sniff(received.head, attempt.name)
        finish = partial(receive.finish, attempt, size=size, sha256=sha256, content_type=kind, now=self._clock())
        await _whole(asyncio.ensure_future(self._run(finish)))
        return received

    async def _interrupt(self, attempt: receive.Receiving) -> None:
        """Give the upload back. After a ``finish`` that judged the bytes itself this changes nothing."""
        try:
            # Before the row: a store may take its time, and the threads that hold a connection are few.
            await self._threads.submit(attempt.writer.abort)
            await self._run(partial(receive.interrupt, attempt, now=self._clock()))
        except Exception:
            # The attempt stays RECEIVING: a new PUT takes it over, the sweep finds what it left.
            logger.exception("could not interrupt upload %s", attempt.upload_id)


async def _whole(step: asyncio.Future[None]) -> None:
    """Wait for a step; also when the client is gone, it has ended when this returns or raises."""
    try:
        await asyncio.shield(step)
    finally:
        await settle(step)
