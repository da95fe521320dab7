"""A stretch of a file on its way into a socket by sendfile(2): the bytes never pass through this process's memory.

Here: threads, waiting, and the client's pace. HTTP is the business of ``filegraph.zero_copy``.

A cold file makes sendfile wait for the disk, so that it runs in a thread. The socket does not block: a thread goes on
as long as the client takes bytes at once, and a slow client is waited for in the event loop, where it costs nothing.
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
import time

from transfer.asgi import UnsendableFile
from transfer.conf import BLOCK
from transfer.file_threads import FileThreads, settle

TURN_SECONDS = 0.02
"""How long one client may keep a thread; then it queues again. At full speed some 100 MiB."""

PATIENCE_SECONDS = 0.002
"""How long a thread waits for a client whose socket is full: a fast one takes less, and two hops are saved."""

_QUICK_SECONDS = 0.01
_COPY = 64 * 1024
# Some file systems have no sendfile.
_UNSUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
_NETWORK = (
    errno.ENOTCONN,
    errno.EHOSTUNREACH,
    errno.EHOSTDOWN,
    errno.ENETUNREACH,
    errno.ENETDOWN,
    errno.ENETRESET,
    errno.EPERM,  # a packet filter
)


class Transmission:
    """Sends ``count`` bytes from ``offset`` of ``file``, which must stay open until ``run`` is over. To be run once.

    ``connection`` is a socket that does not block. It is duplicated: its owner may close it at any time, and a thread
    must never write to what was opened under the same number since. ``seconds`` is what a client may take for 1 MiB.
    Raises UnsendableFile when there are no descriptors left.
    """

    def __init__(
        self, connection: int, file: int, offset: int, count: int, *, threads: FileThreads, seconds: float
    ) -> None:
        self._file = file
        self._offset = offset
        self._left = count
        self._threads = threads
        self._seconds = seconds
        self._allowance = seconds
        self._since_allowance = 0
        self._patience = PATIENCE_SECONDS
        self._stopped = False
        self._wake: asyncio.Future[None] | None = None
        try:
            self._connection = os.dup(connection)
        except OSError as error:
            raise _judged(error) from error

    async def run(self) -> None:
        """Send. Raises OSError when the client is gone (TimeoutError: too slow; also after ``stop``), UnsendableFile.

        What was sent cannot be taken back: after any exception the connection is of no more use.
        """
        turn: asyncio.Future[int] | None = None
        try:
            while self._left:
                turn = self._threads.submit(self._push)
                self._count(await asyncio.shield(turn))
                if self._stopped:
                    raise ConnectionAbortedError
                if self._left:
                    await self._until_writable()
        finally:
            self._stopped = True
            await settle(turn)
            os.close(self._connection)

    def stop(self) -> None:
        """End ``run`` soon: the connection is lost."""
        self._stopped = True
        self._awake()

    def _push(self) -> int:
        """In a thread: send until the turn is over or the client does not keep up; return how many bytes."""
        writable = select.poll()
        writable.register(self._connection, select.POLLOUT)
        end = time.monotonic() + TURN_SECONDS
        sent = 0
        while sent < self._left and not self._stopped and time.monotonic() < end:
            try:
                moved = _move(self._connection, self._file, self._offset + sent, self._left - sent)
            except BlockingIOError:
                if not writable.poll(self._patience * 1000):
                    break
                continue
            except OSError as error:
                raise _judged(error) from error
            if not moved:
                raise UnsendableFile("The file has fewer bytes than it should.")
            sent += moved
        return sent

    def _count(self, sent: int) -> None:
        self._offset += sent
        self._left -= sent
        self._since_allowance += sent
        if self._since_allowance >= BLOCK:
            self._since_allowance = 0
            self._allowance = self._seconds

    async def _until_writable(self) -> None:
        """Only this wait counts against the client: a slow disk is not her fault."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        self._wake = loop.create_future()
        loop.add_writer(self._connection, self._awake)
        try:
            async with asyncio.timeout(self._allowance):
                await self._wake
        finally:
            loop.remove_writer(self._connection)
        waited = loop.time() - begun
        self._allowance -= waited
        self._patience = PATIENCE_SECONDS if waited < _QUICK_SECONDS else 0
        if self._stopped:
            raise ConnectionAbortedError

    def _awake(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)


def _move(connection: int, file: int, offset: int, count: int) -> int:
    """Send what fits into the socket now; return how many bytes, 0 at the end of the file."""
    try:
        return os.sendfile(connection, file, offset, count)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
    piece = os.pread(file, min(_COPY, count), offset)
    return os.write(connection, piece) if piece else 0


def _judged(error: OSError) -> Exception:
    """Return whose error it is: the client's (OSError) or the file's."""
    if isinstance(error, ConnectionError | TimeoutError) or error.errno in _NETWORK:
        return error
    return UnsendableFile(f"The file cannot be sent: {os.strerror(error.errno or 0)}.")
