"""Showing how a transfer goes: a bar on a terminal, a line now and then elsewhere. Safe for several threads."""

from __future__ import annotations

import threading
import time
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from filegraph.client.terminal import human_size, is_interactive, note


class ProgressDisplay(Protocol):
    """What a transfer tells about itself. Byte counts may be negative: an interrupted item starts again."""

    def expect(self, items: int, size: int) -> None:
        """There are ``items`` more items of ``size`` bytes together."""

    def advance(self, size: int) -> None:
        """``size`` more bytes have been carried."""

    def finish_item(self) -> None:
        """One more item is done, well or not."""

    def close(self) -> None:
        """Nothing more will come."""


class ProgressBar:
    """A bar on stderr."""

    def __init__(self, title: str) -> None:
        self._lock = threading.Lock()
        self._items = self._done = self._size = 0
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(binary_units=True),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[items]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task: TaskID = self._progress.add_task(title, total=None, items="")
        self._progress.start()

    def expect(self, items: int, size: int) -> None:
        """See ``ProgressDisplay``."""
        with self._lock:
            self._items += items
            self._size += size
        self._progress.update(self._task, total=self._size, items=self._count())

    def advance(self, size: int) -> None:
        """See ``ProgressDisplay``."""
        self._progress.advance(self._task, size)

    def finish_item(self) -> None:
        """See ``ProgressDisplay``."""
        with self._lock:
            self._done += 1
        self._progress.update(self._task, items=self._count())

    def close(self) -> None:
        """See ``ProgressDisplay``."""
        self._progress.stop()

    def _count(self) -> str:
        return f"{self._done}/{self._items} files"


class ProgressLines:
    """Plain lines on stderr, at most one in ``interval`` seconds: for logs and pipes."""

    def __init__(self, title: str, *, interval: float = 5.0) -> None:
        self._title = title
        self._interval = interval
        self._lock = threading.Lock()
        self._items = self._done = self._size = self._carried = 0
        self._next = time.monotonic() + interval

    def expect(self, items: int, size: int) -> None:
        """See ``ProgressDisplay``."""
        with self._lock:
            self._items += items
            self._size += size

    def advance(self, size: int) -> None:
        """See ``ProgressDisplay``."""
        with self._lock:
            self._carried += size
            self._tick()

    def finish_item(self) -> None:
        """See ``ProgressDisplay``."""
        with self._lock:
            self._done += 1
            self._tick()

    def close(self) -> None:
        """See ``ProgressDisplay``."""

    def _tick(self) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self._interval
        carried, size = human_size(self._carried), human_size(self._size)
        note(f"{self._title}: {self._done} of {self._items} files, {carried} of {size}")


def open_display(title: str) -> ProgressDisplay:
    """The display that suits where stderr goes."""
    return ProgressBar(title) if is_interactive() else ProgressLines(title)
