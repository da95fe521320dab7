"""From a body to a store: batches are hashed and written in order, in a file thread, while the next one is gathered.

At most one batch of a body is in a thread at a time, so memory stays at two batches for each upload, and all uploads
together at about the buffer budget.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from storage import content
from storage.errors import SizeMismatch
from transfer.body import Batch, Body
from transfer.conf import BLOCK
from transfer.file_threads import FileThreads, settle

_SMALLEST_BATCH = 64 * 1024
_BATCHES_AT_ONCE = 2


class Writer(Protocol):
    """What is needed of a store's writer."""

    def write(self, chunk: bytes) -> None:
        """Append ``chunk``."""

    def sync(self) -> None:
        """Bring it to disk, as far as that can be done before the commit."""


@dataclass(frozen=True, slots=True)
class Received:
    """What was measured while the bytes came: size in bytes, SHA-256 in hex, and the first bytes."""

    size: int
    sha256: str
    head: bytes


class BufferBudget:
    """Divides a number of bytes among the uploads that are under way."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._active = 0

    @property
    def batch_size(self) -> int:
        """Bytes to gather for one step, between 64 KiB and 1 MiB."""
        share = self._total // (max(1, self._active) * _BATCHES_AT_ONCE)
        return max(_SMALLEST_BATCH, min(BLOCK, share))

    @contextmanager
    def share(self) -> Iterator[None]:
        """Count as one upload for the length of the block."""
        self._active += 1
        try:
            yield
        finally:
            self._active -= 1


class Intake:
    """Takes one body of exactly ``size`` bytes into ``writer``."""

    def __init__(self, writer: Writer, size: int, *, threads: FileThreads, budget: BufferBudget) -> None:
        self._writer = writer
        self._size = size
        self._threads = threads
        self._budget = budget
        self._hash = hashlib.sha256()
        self._head = b""
        self._under_way: asyncio.Future[None] | None = None

    async def take(self, body: Body) -> Received:
        """Read ``body`` to its end, write and sync it. Committing is ``receive.store``'s.

        Raises SizeMismatch as soon as there are more bytes than ``size`` or the body ends with fewer, the errors of
        ``Body.gather``, and those of the store. When it returns or raises, no thread uses the writer any more.
        """
        taken = 0
        try:
            with self._budget.share():
                while True:
                    batch = await body.gather(self._budget.batch_size)
                    taken += batch.size
                    self._compare(taken, ended=batch.last)
                    if self._under_way is not None:
                        await asyncio.shield(self._under_way)
                    self._under_way = self._threads.submit(partial(self._store, batch))
                    if batch.last:
                        await asyncio.shield(self._under_way)
                        return Received(taken, self._hash.hexdigest(), self._head)
        finally:
            await settle(self._under_way)

    def _compare(self, taken: int, *, ended: bool) -> None:
        if taken > self._size:
            raise SizeMismatch(f"The body is longer than the {self._size} bytes that were declared.")
        if ended and taken < self._size:
            raise SizeMismatch(f"The body has {taken} bytes; {self._size} were declared.")

    def _store(self, batch: Batch) -> None:
        """Runs in a file thread. hashlib and the store let go of the interpreter while they work."""
        for chunk in batch.chunks:
            if len(self._head) < content.HEAD:
                self._head += chunk[: content.HEAD - len(self._head)]
            self._writer.write(chunk)
            self._hash.update(chunk)
        if batch.last:
            # Here, where only this upload waits for the disk: the commit runs in a database thread.
            self._writer.sync()
