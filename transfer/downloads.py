"""The download address: GET and HEAD of one stored file. Permission is asked again at every request."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from storage import tokens
from storage.errors import StorageError
from storage.services import downloads
from transfer.asgi import Receive, Run
from transfer.file_threads import FileThreads, opened
from transfer.reply import Reply
from transfer.representation import plan
from transfer.request import Request
from transfer.sender import Sender

logger = logging.getLogger("filegraph.transfer")


class Downloads:
    """Answers for ``/d/<token>/<name>``. The name is for people; what it says is ignored."""

    def __init__(
        self,
        run: Run,
        clock: Callable[[], datetime],
        *,
        threads: FileThreads,
        sender: Sender,
        resource_policy: bytes,
    ) -> None:
        self._run = run
        self._clock = clock
        self._threads = threads
        self._sender = sender
        self._resource_policy = resource_policy

    async def get(self, request: Request, token: str, receive: Receive, reply: Reply) -> None:
        """Send the file, the asked part of it, or why not; raises what ``downloads.open`` and ``plan`` raise."""
        now = self._clock()
        tokens.read_download(token, now=now)
        opening = asyncio.ensure_future(self._run(partial(downloads.open, token, now=now)))
        found = await opened(opening, lambda each: self._threads.submit(each.reader.close))
        try:
            answer = plan(request, found, resource_policy=self._resource_policy)
            if answer.part is None or request.method == "HEAD":
                await reply.start(answer.status, answer.headers)
                await reply.body(b"", more=False)
            else:
                with _named_in_the_log(found, reply):
                    await self._sender.send(answer, answer.part, found.reader, reply=reply, receive=receive)
        finally:
            # Not waited for: the client has its answer, and closing may be slow on a network file system.
            self._threads.submit(found.reader.close)


@contextmanager
def _named_in_the_log(found: downloads.OpenDownload, reply: Reply) -> Iterator[None]:
    """Say in one line whose bytes a store stopped giving; a client that has its status cannot be told any more."""
    try:
        yield
    except StorageError as error:
        if reply.started:
            logger.error("a download of blob %s of file %s broke off: %s", found.blob_id, found.file_id, error.message)
        raise
