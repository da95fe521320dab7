from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.backends.local import LocalBackend
from storage.errors import BackendFull, SizeMismatch
from transfer.asgi import ClientGone
from transfer.body import Body
from transfer.conf import BLOCK
from transfer.file_threads import FileThreads
from transfer.intake import BufferBudget, Intake
from transfer.pace import Pace


@pytest.fixture
def threads() -> Iterator[FileThreads]:
    pool = FileThreads(2)
    yield pool
    pool.close()


@pytest.fixture
def backend(tmp_path: Path) -> LocalBackend:
    return LocalBackend(backend_config={"root": str(tmp_path)})


def body(*chunks: bytes, end: dict[str, Any] | None = None) -> Body:
    """A body of these chunks; ``end`` comes instead of the last message's end."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append(end or {"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        return messages.pop(0)

    return Body(receive, Pace(idle_timeout=10, min_rate=0, grace=10))


def budget(total: int = 48 * BLOCK) -> BufferBudget:
    return BufferBudget(total)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=200_000), max_size=12))
def test_what_was_sent_is_what_is_stored_and_hashed(tmp_path: Path, chunks: list[bytes]) -> None:
    backend = LocalBackend(backend_config={"root": str(tmp_path)})
    key = f"key-{len(list(backend.keys()))}"
    sent = b"".join(chunks)

    async def run() -> None:
        pool = FileThreads(1)
        writer = backend.open_writer(key)
        received = await Intake(writer, len(sent), threads=pool, budget=budget(BLOCK // 4)).take(body(*chunks))
        assert (received.size, received.sha256) == (len(sent), hashlib.sha256(sent).hexdigest())
        assert received.head == sent[:4096]
        writer.commit()
        pool.close()

    asyncio.run(run())
    with backend.open(key) as stored:
        assert stored.read() == sent


async def test_more_bytes_than_declared_are_refused_at_once(backend: LocalBackend, threads: FileThreads) -> None:
    unread = body(*[b"x" * BLOCK] * 5)
    with pytest.raises(SizeMismatch):
        await Intake(backend.open_writer("key"), BLOCK + 1, threads=threads, budget=budget()).take(unread)
    assert not unread.finished
    assert list(backend.keys()) == []


async def test_fewer_bytes_than_declared_are_refused(backend: LocalBackend, threads: FileThreads) -> None:
    with pytest.raises(SizeMismatch):
        await Intake(backend.open_writer("key"), 4, threads=threads, budget=budget()).take(body(b"abc"))
    assert list(backend.keys()) == []


async def test_a_client_that_leaves_leaves_no_object(backend: LocalBackend, threads: FileThreads) -> None:
    writer = backend.open_writer("key")
    with pytest.raises(ClientGone):
        await Intake(writer, 100 * BLOCK, threads=threads, budget=budget()).take(
            body(*[b"x" * BLOCK] * 3, end={"type": "http.disconnect"})
        )
    writer.abort()
    assert list(backend.keys()) == []


class SlowWriter:
    """A store that takes its time: it tells how many writes are under way, and may refuse one."""

    def __init__(self, *, full_after: int = 1 << 60) -> None:
        self.release = threading.Event()
        self.at_once = 0
        self.most_at_once = 0
        self.written = 0
        self.full_after = full_after
        self.synced: list[tuple[str, int]] = []

    def write(self, chunk: bytes) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.release.wait(5)
        self.written += len(chunk)
        self.at_once -= 1
        if self.written > self.full_after:
            raise BackendFull

    def sync(self) -> None:
        self.synced.append((threading.current_thread().name, self.written))


async def test_one_batch_is_written_while_at_most_one_is_gathered(threads: FileThreads) -> None:
    writer = SlowWriter()
    taken = 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b"x" * BLOCK, "more_body": taken < 10}

    source = Body(receive, Pace(idle_timeout=10, min_rate=0, grace=10))
    taking = asyncio.ensure_future(Intake(writer, 10 * BLOCK, threads=threads, budget=budget()).take(source))
    await asyncio.sleep(0.1)
    assert taken == 2
    writer.release.set()
    assert (await taking).size == 10 * BLOCK
    assert writer.most_at_once == 1
    ((thread, written),) = writer.synced
    assert written == 10 * BLOCK, "synced once, when all of it was written"
    assert thread != threading.current_thread().name


async def test_a_full_store_ends_it(threads: FileThreads) -> None:
    writer = SlowWriter(full_after=BLOCK)
    writer.release.set()
    with pytest.raises(BackendFull):
        await Intake(writer, 10 * BLOCK, threads=threads, budget=budget()).take(body(*[b"x" * BLOCK] * 10))
    assert writer.written == 2 * BLOCK
    assert writer.synced == []


async def test_a_cancelled_intake_waits_for_its_thread(threads: FileThreads) -> None:
    writer = SlowWriter()
    taking = asyncio.ensure_future(
        Intake(writer, 10 * BLOCK, threads=threads, budget=budget()).take(body(*[b"x" * BLOCK] * 10))
    )
    await asyncio.sleep(0.05)
    taking.cancel()
    await asyncio.sleep(0.05)
    assert not taking.done()
    writer.release.set()
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert writer.at_once == 0


def test_many_uploads_share_the_budget() -> None:
    shared = budget(48 * BLOCK)
    assert shared.batch_size == BLOCK
    shares = [shared.share() for _ in range(50)]
    for share in shares:
        share.__enter__()
    assert 2 * 50 * shared.batch_size <= 48 * BLOCK
    for share in shares:
        share.__exit__(None, None, None)
    assert shared.batch_size == BLOCK
