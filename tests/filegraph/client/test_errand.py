from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import pytest

from filegraph.client.errand import Errand
from filegraph.client.errors import CommandError
from filegraph.client.graphql_client import GraphQLClient
from filegraph.client.outcome import OnConflict, Outcome
from filegraph.client.progress import ProgressLines
from filegraph.client.wire import Carrier


class Counter(ProgressLines):
    """A display that can be asked."""

    def shown(self) -> tuple[int, int, int, int]:
        """Items expected and done, bytes expected and carried."""
        return self._items, self._done, self._size, self._carried


@pytest.fixture
def display() -> Counter:
    return Counter("test", interval=3600)


@pytest.fixture
def errand(client: GraphQLClient, display: Counter) -> Iterator[Errand]:
    with httpx.Client() as http:
        yield Errand(client, Carrier(http), OnConflict.FAIL, 1, Outcome(), display)


def test_every_file_ends_in_one_way(errand: Errand, display: Counter) -> None:
    errand.expect([5, 7, 11])
    errand.advance(5)
    errand.finish(5)
    errand.skip(7)
    errand.fail("c", "no")
    outcome = errand.outcome
    assert (outcome.carried, outcome.size, outcome.skipped, outcome.failures) == (1, 5, 1, [("c", "no")])
    assert display.shown() == (3, 3, 23, 12)


def test_what_was_stopped_carries_no_more_and_blames_no_file(errand: Errand, display: Counter) -> None:
    errand.expect([5])
    errand.stop()
    assert errand.is_stopping
    with pytest.raises(CommandError):
        errand.advance(5)
    errand.fail("a", "stopped")
    assert (errand.outcome.failures, display.shown()) == ([], (1, 0, 5, 0))


def test_an_exception_ends_what_waits_in_the_pools(errand: Errand) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(10)

    def interrupted(pool: ThreadPoolExecutor) -> None:
        with errand.ending(pool):
            waiting.extend(pool.submit(work) for _ in range(2))
            begun.wait(10)
            raise KeyboardInterrupt

    waiting: list[Future[None]] = []
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(KeyboardInterrupt):
            interrupted(pool)
        assert errand.is_stopping
        assert [each.cancelled() for each in waiting] == [False, True]
        go_on.set()
