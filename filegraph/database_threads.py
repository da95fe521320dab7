"""The threads in which everything synchronous runs: a fixed number, each with one long-lived database connection.

A request crosses into such a thread once. Connections are never shared, never opened per request and never leaked,
which is what ``CONN_MAX_AGE`` under ASGI does. Nothing here knows what is run; the connection is looked after in
``filegraph.held_connection``, and who is next is told by ``filegraph.fair_line``.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeAlias, TypeVar

from filegraph import held_connection
from filegraph.fair_line import FairLine

T = TypeVar("T")

logger = logging.getLogger("filegraph.threads")


class Closed(Exception):
    """The threads have ended; nothing more is taken."""


class _Job:
    """One call: what to run, for whom, and the future of the event loop that waits for it."""

    __slots__ = ("asker", "future", "loop", "work")

    def __init__(self, work: Callable[[], Any], asker: Hashable | None, future: asyncio.Future[Any]) -> None:
        self.work = work
        self.asker = asker
        self.loop = future.get_loop()
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


_Inbox: TypeAlias = "queue.SimpleQueue[_Job | None]"


class DatabaseThreads:
    """``count`` threads; ``run`` is what endpoints get. Use from one or several event loops.

    Half of them at most work for one asker at a time. What she asks for above that waits for them without a thread.
    """

    def __init__(self, count: int) -> None:
        self.share = max(1, count // 2)
        """Threads for one asker."""
        self._line: FairLine[_Job] = FairLine(self.share)
        self._idle: list[_Inbox] = []
        self._lock = threading.Lock()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"filegraph-database-{number}", daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def run(self, work: Callable[[], T], /, *, asker: Hashable | None = None) -> asyncio.Future[T]:
        """Run ``work`` in one of the threads; await the result. Raises what it raises, ``Closed`` after ``close``.

        ``asker`` is whose share it comes out of; None for work that waits for nobody's. A waiter that is cancelled
        stops waiting; ``work`` itself runs to its end, so that no transaction is cut.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self._lock:
            if self._closed:
                raise Closed
            self._line.add(_Job(work, asker, future), asker)
            job = self._line.take() if self._idle else None
            if job is None:
                return future
            # The one that worked last: its connection still has the pages of the database at hand (SQLite throws them
            # away when another connection writes), and its processor the code. That is an eighth of a small request.
            inbox = self._idle.pop()
        inbox.put(job)
        return future

    def close(self, timeout: float = 30.0) -> None:
        """Finish what was taken, close the connections, end the threads. ``timeout`` in seconds, for all together."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for inbox in idle:
            inbox.put(None)
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                logger.warning("%s is still at work and is left behind.", thread.name)

    def _work(self) -> None:
        inbox: _Inbox = queue.SimpleQueue()
        job = self._next(inbox)
        last_used = time.monotonic()
        while job is not None:
            held_connection.make_ready(idle=time.monotonic() - last_used)
            if job.run() is not None:
                held_connection.clean_up()
            last_used = time.monotonic()
            asker = job.asker
            del job
            job = self._next(inbox, done=asker)
        held_connection.give_back()

    def _next(self, inbox: _Inbox, *, done: Hashable | None = None) -> _Job | None:
        """Wait for work, after some was ``done`` for an asker. None when there will be no more."""
        with self._lock:
            self._line.done(done)
            job = self._line.take()
            if job is not None or self._closed:
                return job
            self._idle.append(inbox)
        return inbox.get()
