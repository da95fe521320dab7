"""How many operations of one person run at a time, so that nobody takes every worker thread.

Requests that show the same credentials have waited for each other before, in the line for the threads. This is for
somebody with several: who that is can only be told in a thread. So a turn is taken there; where none is left the
request goes back to the event loop, waits without a thread, and comes again with a turn in its hand. First come, first
served. What an operation is, and who asks, is not known here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from threading import Lock


class NoTurnLeft(Exception):
    """As many operations of ``who`` run as may: wait for a turn and come again."""

    def __init__(self, who: str) -> None:
        self.who = who
        super().__init__(who)


class Turns:
    """``each`` turns for everybody. All methods may be called in any thread; ``wait`` in an event loop."""

    def __init__(self, each: int) -> None:
        self._each = each
        self._taken: dict[str, int] = {}
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._lock = Lock()

    def take(self, who: str) -> None:
        """Take a turn, to be given back. Raises NoTurnLeft."""
        with self._lock:
            if not self._take(who):
                raise NoTurnLeft(who)

    def give_back(self, who: str) -> None:
        """End a turn: it goes to the one who waits longest, if anybody does."""
        with self._lock:
            waiting = self._waiting.get(who)
            while waiting:
                future = waiting.popleft()
                if not waiting:
                    del self._waiting[who]
                if self._hand_over(who, future):
                    return
            self._taken[who] -= 1
            if not self._taken[who]:
                del self._taken[who]

    async def wait(self, who: str) -> None:
        """Wait for a turn and take it."""
        with self._lock:
            if self._take(who):
                return
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.setdefault(who, deque()).append(future)
        try:
            await future
        except asyncio.CancelledError:
            # It may have come in the same moment.
            if future.done() and not future.cancelled():
                self.give_back(who)
            raise

    def _take(self, who: str) -> bool:
        taken = self._taken.get(who, 0)
        if taken >= self._each:
            return False
        self._taken[who] = taken + 1
        return True

    def _hand_over(self, who: str, future: asyncio.Future[None]) -> bool:
        def deliver() -> None:
            if future.done():
                # Whoever waited has hung up: the next one, please.
                self.give_back(who)
            else:
                future.set_result(None)

        try:
            future.get_loop().call_soon_threadsafe(deliver)
        except RuntimeError:
            return False  # that event loop has ended
        return True
