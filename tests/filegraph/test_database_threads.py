import asyncio
import threading
from collections import Counter
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


async def test_one_asker_has_her_share_and_the_rest_waits_without_a_thread() -> None:
    threads = DatabaseThreads(4)
    go, running, most = threading.Event(), [0], [0]
    lock = threading.Lock()

    def work() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        go.wait(10)
        with lock:
            running[0] -= 1

    hers = [threads.run(work, asker="ann") for _ in range(20)]
    # Others find a thread, and so does what is nobody's.
    assert await threads.run(lambda: 1, asker="bob") == 1
    assert await threads.run(lambda: 2) == 2
    async with asyncio.timeout(10):
        while running[0] < threads.share:
            await asyncio.sleep(0.01)
    go.set()
    await asyncio.gather(*hers)
    assert most[0] == threads.share == 2
    await asyncio.to_thread(threads.close)


async def test_what_waits_for_its_share_is_finished_by_closing() -> None:
    threads = DatabaseThreads(2)
    waiting = [threads.run(lambda: 1, asker="ann") for _ in range(20)]
    await asyncio.to_thread(threads.close)
    assert await asyncio.gather(*waiting) == [1] * 20


async def test_a_failure_gives_the_share_back() -> None:
    threads = DatabaseThreads(2)

    def fail() -> None:
        raise LookupError

    for _ in range(3):
        with pytest.raises(LookupError):
            await threads.run(fail, asker="ann")
    assert await threads.run(lambda: 1, asker="ann") == 1
    await asyncio.to_thread(threads.close)


async def test_the_thread_that_worked_last_works_next() -> None:
    threads = DatabaseThreads(4)
    names = [await threads.run(lambda: threading.current_thread().name)]
    for _ in range(20):
        await asyncio.sleep(0.002)  # it hands its result over just before it is idle
        names.append(await threads.run(lambda: threading.current_thread().name))
    assert len(set(names)) <= 2
    assert Counter(names).most_common(1)[0][1] >= 15
    await asyncio.to_thread(threads.close)


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
    monkeypatch.setattr("filegraph.held_connection.IDLE_SECONDS", -1.0)
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
