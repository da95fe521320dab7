"""Who is next: a line in which nobody takes all the places. Plain values; threads and locks are the caller's."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairLine(Generic[Item]):
    """Items in the order in which they came, but at most ``share`` of one asker's are ahead of the others.

    What an asker adds above that waits apart, until as many of hers are done. Not safe for several threads.
    """

    def __init__(self, share: int) -> None:
        self.share = share
        self._ready: deque[Item] = deque()
        self._ahead: dict[Hashable, int] = {}
        """By asker: what is ready or taken and not done."""
        self._apart: dict[Hashable, deque[Item]] = {}

    def add(self, item: Item, asker: Hashable | None) -> None:
        """Put an item at the end. With ``asker`` None it never waits apart."""
        if asker is not None:
            ahead = self._ahead.get(asker, 0)
            if ahead >= self.share:
                self._apart.setdefault(asker, deque()).append(item)
                return
            self._ahead[asker] = ahead + 1
        self._ready.append(item)

    def take(self) -> Item | None:
        """Take the first item; None when nothing may be begun now. Whose it was is told by ``done``."""
        return self._ready.popleft() if self._ready else None

    def done(self, asker: Hashable | None) -> None:
        """Say that an item of ``asker`` that was taken is done: the next of hers, if any, goes to the end."""
        if asker is None:
            return
        apart = self._apart.get(asker)
        if apart:
            self._ready.append(apart.popleft())
            if not apart:
                del self._apart[asker]
        elif self._ahead[asker] > 1:
            self._ahead[asker] -= 1
        else:
            del self._ahead[asker]
