"""Work that comes again and again while the server runs, in the same threads as requests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from storage.outages import outage_of

logger = logging.getLogger("filegraph.background")


@dataclass(frozen=True, slots=True)
class Chore:
    """``work(now)`` every ``interval`` seconds. It may run in several processes at once.

    ``last``: also once when the server stops, because it writes down what is noted in memory alone. What only tidies
    up can wait for the next start and must not hold a shutdown up.
    """

    name: str
    interval: float
    work: Callable[[datetime], object]
    last: bool = False


class Background:
    """One task for each chore. A chore that fails is logged and comes again: an outage of the database once, until a
    round has gone well.
    """

    def __init__(
        self,
        run: Callable[[Callable[[], Any]], Awaitable[Any]],
        chores: Sequence[Chore],
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._run = run
        self._chores = chores
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []
        self._told: set[str] = set()

    def start(self) -> None:
        """Begin; the first round comes after one interval, so that a start is not slowed down."""
        self._tasks = [asyncio.create_task(self._repeat(chore), name=chore.name) for chore in self._chores]

    async def stop(self) -> None:
        """End the tasks and do the ``last`` chores once more, so that nothing noted in memory is lost."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for chore in self._chores if self._tasks else ():
            if chore.last:
                await self._once(chore)
        self._tasks = []

    async def _repeat(self, chore: Chore) -> None:
        while True:
            await asyncio.sleep(chore.interval)
            await self._once(chore)

    async def _once(self, chore: Chore) -> None:
        try:
            await self._run(partial(chore.work, self._clock()))
            self._told.discard(chore.name)
        except Exception as error:
            outage = outage_of(error)
            if outage is None:
                logger.exception("%s failed and will be tried again.", chore.name)
            elif chore.name not in self._told:
                self._told.add(chore.name)
                logger.warning("%s failed and will be tried again: %s", chore.name, outage.message)
