"""Threads for reading, writing and hashing bytes, apart from the database's, so that a slow disk starves no query."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class FileThreads:
    """A small pool. What runs in it must not touch the database: its threads have no connection to look after."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=count, thread_name_prefix="filegraph-file")

    def submit(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Start ``work`` in a thread; the future belongs to the running event loop."""
        return asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Wait for what is under way and end the threads."""
        self._pool.shutdown(wait=True)


async def settle(future: asyncio.Future[T] | None) -> None:
    """Wait until ``future`` is done, whatever becomes of it, even if the waiting task is cancelled meanwhile.

    A thread cannot be cancelled: what it uses must not be closed before it has let go.
    """
    cancelled: asyncio.CancelledError | None = None
    while future is not None and not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError as error:
            cancelled = error
    if future is not None and not future.cancelled():
        future.exception()
    if cancelled is not None:
        raise cancelled


async def opened(step: asyncio.Future[T], let_go: Callable[[T], Awaitable[object]]) -> T:
    """Return what a thread opens. Cancelled before it has, wait for it, and let go of what nobody waits for."""
    try:
        return await asyncio.shield(step)
    except asyncio.CancelledError:
        try:
            await settle(step)
        finally:
            if not step.cancelled() and step.exception() is None:
                await asyncio.shield(let_go(step.result()))
        raise
