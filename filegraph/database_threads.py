"""The threads in which everything synchronous runs: a fixed number, each with one long-lived database connection.

A request crosses into such a thread once. Connections are never shared, never opened per request and never leaked,
which is what ``CONN_MAX_AGE`` under ASGI does. Nothing here knows what is run.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connection

T = TypeVar("T")

logger = logging.getLogger("filegraph.threads")

IDLE_SECONDS = 5.0
"""After so long without work a connection is tried before it is used: the database may have been restarted."""


class Closed(Exception):
    """The threads have ended; nothing more is taken."""


class _Job:
    """One call: what to run, and the future of the event loop that waits for it."""

    __slots__ = ("future", "loop", "work")

    def __init__(self, work: Callable[[], Any], loop: asyncio.AbstractEventLoop, future: asyncio.Future[Any]) -> None:
        self.work = work
        self.loop = loop
        self.future = future

    def run(self) -> BaseException | None:
        """Run it and hand over the outcome. Returns the exception, if any: the connection may have broken."""
        try:
            result = self.work()
        except BaseException as error:  # handed to the waiter, whatever it is
            self._hand_over(self.future.set_exception, error)
            return error
        self._hand_over(self.future.set_result, result)
        return None

    def _hand_over(self, setter: Callable[[Any], None], value: Any) -> None:
        def deliver() -> None:
            # The waiter may be gone: a client that hung up cancels its request.
            if not self.future.done():
                setter(value)

        try:
            self.loop.call_soon_threadsafe(deliver)
        except RuntimeError:
            logger.debug("The event loop ended before an answer was ready.")


class DatabaseThreads:
    """``count`` threads; ``run`` is what endpoints get. Use from one or several event loops."""

    def __init__(self, count: int) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"filegraph-database-{number}", daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def run(self, work: Callable[[], T], /) -> asyncio.Future[T]:
        """Run ``work`` in one of the threads; await the result. Raises what it raises, ``Closed`` after ``close``.

        A waiter that is cancelled stops waiting; ``work`` itself runs to its end, so that no transaction is cut.
        """
        if self._closed:
            raise Closed
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Job(work, loop, future))
        return future

    def close(self, timeout: float = 30.0) -> None:
        """Finish what was taken, close the connections, end the threads. ``timeout`` in seconds, for all together."""
        self._closed = True
        for _ in self._threads:
            self._jobs.put(None)
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                logger.warning("%s is still at work and is left behind.", thread.name)

    def _work(self) -> None:
        last_used = time.monotonic()
        while (job := self._jobs.get()) is not None:
            _ready_connection(idle=time.monotonic() - last_used)
            if job.run() is not None:
                _close_if_broken()
            last_used = time.monotonic()
            del job
        connection.close()


def _ready_connection(*, idle: float) -> None:
    """Drop a connection that went away while nobody used it; the next statement opens a new one."""
    if idle > IDLE_SECONDS and connection.connection is not None and not connection.is_usable():
        connection.close()


def _close_if_broken() -> None:
    """After an error: leave no transaction open and no broken connection behind."""
    if connection.connection is None:
        return
    if connection.in_atomic_block or not connection.get_autocommit():
        # Should not happen: ``atomic`` ends what it began. If it does, nothing of it may reach the next request.
        logger.error("A transaction was left open; its connection is closed.")
        connection.in_atomic_block = False
        connection.close()
    elif connection.errors_occurred and not connection.is_usable():
        connection.close()
    connection.errors_occurred = False
