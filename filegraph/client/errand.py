"""What one ``put`` or ``get`` has for all of its files: the connections, the rules, the counts.

Safe for several threads. How a file is sent or fetched is in ``uploading`` and ``downloading``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field

from filegraph.client.errors import CommandError
from filegraph.client.graphql_client import GraphQLClient
from filegraph.client.outcome import OnConflict, Outcome
from filegraph.client.progress import ProgressDisplay
from filegraph.client.wire import Carrier


@dataclass(frozen=True, slots=True)
class Errand:
    """``jobs``: files carried at the same time. ``stop`` ends what is under way; nothing is told of that any more."""

    client: GraphQLClient
    carrier: Carrier
    on_conflict: OnConflict
    jobs: int
    outcome: Outcome
    display: ProgressDisplay
    _stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def is_stopping(self) -> bool:
        """Whether nothing new is to be begun."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """End it: the next block of bytes of each file raises."""
        self._stopping.set()

    @contextmanager
    def ending(self, *pools: Executor) -> Iterator[None]:
        """An exception in the block ends the errand, and whatever still waits in the pools."""
        try:
            yield
        except BaseException:
            self.stop()
            for pool in pools:
                pool.shutdown(wait=False, cancel_futures=True)
            raise

    def expect(self, sizes: Iterable[int]) -> None:
        """These files, by size in bytes, are to be carried."""
        all_sizes = list(sizes)
        self.display.expect(len(all_sizes), sum(all_sizes))

    def advance(self, size: int) -> None:
        """``size`` more bytes are carried. Raises ``CommandError`` once the errand was stopped."""
        if self.is_stopping:
            raise CommandError("stopped")
        self.display.advance(size)

    def finish(self, size: int) -> None:
        """A file of ``size`` bytes, which the display knows of, is where it belongs."""
        self.outcome.add_carried(size)
        self.display.finish_item()

    def skip(self, size: int) -> None:
        """A file of ``size`` bytes is left as it is."""
        self.outcome.add_skipped()
        self.display.advance(size)
        self.display.finish_item()

    def fail(self, label: str, message: str) -> None:
        """A file could not be carried."""
        if self.is_stopping:
            return
        self.outcome.add_failure(label, message)
        self.display.finish_item()
