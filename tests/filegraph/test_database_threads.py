import asyncio
import threading
from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from filegraph.database_threads import Closed, DatabaseThreads


@pytest.fixture
def threads() -> Iterator[DatabaseThreads]:
    threads = DatabaseThreads(2)
    yield threads
    threads.close()


async def test_work_runs_in_few_threads_that_stay(threads: DatabaseThreads) -> None:
    names = await asyncio.gather(*(threads.run(lambda: threading.current_thread().name) for _ in range(50)))
    assert len(set(names)) <= 2
    assert threading.current_thread().name not in names


async def test_errors_come_to_the_waiter(threads: DatabaseThreads) -> None:
    def fail() -> None:
        raise LookupError("x")

    with pytest.raises(LookupError, match="x"):
        await threads.run(fail)
    assert await threads.run(lambda: 1) == 1


async def test_work_whose_waiter_is_gone_runs_to_its_end(threads: DatabaseThreads) -> None:
    begun, go, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go.wait(10)
        done.set()

    waiter = asyncio.ensure_future(threads.run(work))
    await asyncio.to_thread(begun.wait, 10)
    waiter.cancel()
    go.set()
    assert await asyncio.to_thread(done.wait, 10)
    assert await threads.run(lambda: 2) == 2


async def test_a_closed_one_takes_nothing_and_finishes_what_it_took() -> None:
    threads = DatabaseThreads(1)
    waiting = [threads.run(lambda: 1) for _ in range(20)]
    await asyncio.to_thread(threads.close)
    assert await asyncio.gather(*waiting) == [1] * 20
    with pytest.raises(Closed):
        threads.run(lambda: 1)


@pytest.mark.django_db(transaction=True)
async def test_each_thread_keeps_its_connection_and_no_transaction_survives() -> None:
    threads = DatabaseThreads(1)

    def select() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return id(connection.connection)

    def leave_a_transaction_open() -> None:
        transaction.set_autocommit(False)
        connection.in_atomic_block = True
        raise LookupError

    first = await threads.run(select)
    assert await threads.run(select) == first
    with pytest.raises(LookupError):
        await threads.run(leave_a_transaction_open)
    assert await threads.run(lambda: (connection.in_atomic_block, connection.get_autocommit())) == (False, True)
    await asyncio.to_thread(threads.close)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
async def test_a_connection_that_died_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filegraph.database_threads.IDLE_SECONDS", -1.0)
    threads = DatabaseThreads(1)

    def kill() -> None:
        connection.ensure_connection()
        connection.connection.close()

    await threads.run(kill)

    def select() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return int(cursor.fetchone()[0])

    assert await threads.run(select) == 1
    await asyncio.to_thread(threads.close)
