"""Real sockets, files and threads, on both event loops."""

import asyncio
import os
import random
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from filegraph.sendfile import Transmission
from transfer.asgi import UnsendableFile
from transfer.conf import BLOCK
from transfer.file_threads import FileThreads

CONTENT = random.Random(1).randbytes(3 * BLOCK + 17)
FULL = os.environ.get("FILEGRAPH_TEST_SIZE") == "full"
Go = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def go(request: pytest.FixtureRequest) -> Go:
    def run(work: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(asyncio.wait_for(work, 20))

    return run


class Wire:
    """A file, a pair of sockets and one thread. ``read`` is what the client got."""

    def __init__(self, content: bytes = CONTENT, *, buffer: int = 64 * 1024) -> None:
        self.threads = FileThreads(1)
        self.file = tempfile.TemporaryFile()  # noqa: SIM115
        self.file.write(content)
        self.file.flush()
        self.server, self.client = socket.socketpair()
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        self.server.setblocking(False)
        self.client.settimeout(10)
        self.read = bytearray()

    def sending(self, offset: int, count: int, *, seconds: float = 5, file: int | None = None) -> Transmission:
        file = self.file.fileno() if file is None else file
        return Transmission(self.server.fileno(), file, offset, count, threads=self.threads, seconds=seconds)

    def take(self, count: int, *, pause: float = 0, step: int = 65536) -> None:
        while len(self.read) < count and (piece := self.client.recv(min(step, count - len(self.read)))):
            self.read += piece
            time.sleep(pause)

    def close(self) -> None:
        self.server.close()
        self.client.close()
        self.file.close()
        self.threads.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    yield made
    made.close()


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


@settings(max_examples=2000 if FULL else 60)
@given(st.data())
def test_any_part_arrives_byte_for_byte(data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(CONTENT)))
    count = data.draw(st.integers(0, len(CONTENT) - offset))
    wire = Wire(buffer=data.draw(st.integers(1, 1 << 20)))
    client = threading.Thread(target=wire.take, args=(count,), kwargs={"step": data.draw(st.integers(100, 1 << 20))})
    client.start()
    factory = data.draw(st.sampled_from([asyncio.new_event_loop, uvloop.new_event_loop]))
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(wire.sending(offset, count).run())
    client.join(10)
    assert wire.read == CONTENT[offset : offset + count]
    wire.close()


def test_a_file_system_without_sendfile(go: Go, wire: Wire) -> None:
    """This kernel file is one."""
    expected = Path("/proc/self/environ").read_bytes()
    with open("/proc/self/environ", "rb") as file:
        go(wire.sending(3, len(expected) - 3, file=file.fileno()).run())
    wire.take(len(expected) - 3)
    assert wire.read == expected[3:]


def test_a_file_that_ends_too_early(go: Go, wire: Wire) -> None:
    client = threading.Thread(target=wire.take, args=(1 << 30,))
    client.start()
    with pytest.raises(UnsendableFile, match="fewer bytes"):
        go(wire.sending(0, len(CONTENT) + 1).run())
    wire.server.close()
    client.join(10)
    assert wire.read == CONTENT


def test_a_file_that_is_cut_off_meanwhile(go: Go, wire: Wire) -> None:
    async def cut() -> None:
        sending = asyncio.create_task(wire.sending(0, len(CONTENT)).run())
        await asyncio.sleep(0.1)
        wire.file.truncate(BLOCK)
        client = threading.Thread(target=wire.take, args=(1 << 30,))
        client.start()
        with pytest.raises(UnsendableFile, match="fewer bytes"):
            await sending
        wire.server.close()
        client.join(10)

    go(cut())
    # A page that was on its way when the file was cut reads as zeros beyond the cut, and is the last.
    assert wire.read[:BLOCK] == CONTENT[:BLOCK]
    assert len(wire.read) < 2 * BLOCK


@pytest.mark.parametrize("path", ["/proc/self/pagemap", "/tmp"])
def test_a_file_that_cannot_be_read(go: Go, wire: Wire, path: str) -> None:
    file = os.open(path, os.O_RDONLY)
    with pytest.raises(UnsendableFile):
        go(wire.sending(1, 10, file=file).run())
    os.close(file)


def test_no_descriptors_left(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "dup", refuse)
    with pytest.raises(UnsendableFile, match="Too many open files"):
        wire.sending(0, 1)


def test_a_client_that_takes_nothing(go: Go, wire: Wire) -> None:
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        go(wire.sending(0, len(CONTENT), seconds=0.3).run())
    assert 0.25 < time.monotonic() - begun < 3


def test_a_client_that_drips(go: Go, wire: Wire) -> None:
    """Something every few milliseconds, and still less than 1 MiB in time."""
    client = threading.Thread(target=wire.take, args=(1 << 30,), kwargs={"pause": 0.05, "step": 20_000})
    client.start()
    with pytest.raises(TimeoutError):
        go(wire.sending(0, len(CONTENT), seconds=0.6).run())
    wire.server.close()
    client.join(10)
    assert 0 < len(wire.read) < BLOCK


def test_a_slow_client_that_keeps_to_the_time_for_each_mebibyte(go: Go, wire: Wire) -> None:
    client = threading.Thread(target=wire.take, args=(len(CONTENT),), kwargs={"pause": 0.06})
    client.start()
    begun = time.monotonic()
    go(wire.sending(0, len(CONTENT), seconds=2.5).run())
    client.join(10)
    assert time.monotonic() - begun > 2.5
    assert wire.read == CONTENT


def test_slow_clients_occupy_no_thread(go: Go, wire: Wire) -> None:
    """One thread, six clients who take nothing, and one who does."""
    slow = [Wire() for _ in range(6)]
    for one in slow:
        one.threads.close()
        one.threads = wire.threads

    async def all_at_once() -> None:
        sendings = [one.sending(0, len(CONTENT), seconds=60) for one in slow]
        tasks = [asyncio.create_task(sending.run()) for sending in sendings]
        await asyncio.sleep(0.1)
        client = threading.Thread(target=wire.take, args=(len(CONTENT),))
        client.start()
        begun, used = time.monotonic(), time.process_time()
        await wire.sending(0, len(CONTENT)).run()
        assert time.monotonic() - begun < 2
        # And nobody turns in circles while they wait.
        await asyncio.sleep(0.5)
        assert time.process_time() - used < 0.25
        for sending in sendings:
            sending.stop()
        assert [type(end) for end in await asyncio.gather(*tasks, return_exceptions=True)] == [
            ConnectionAbortedError
        ] * 6
        client.join(10)

    go(all_at_once())
    assert wire.read == CONTENT
    for one in slow:
        one.close()


def test_a_client_that_leaves(go: Go, wire: Wire) -> None:
    async def leave() -> None:
        before = descriptors()
        sending = asyncio.create_task(wire.sending(0, len(CONTENT)).run())
        await asyncio.sleep(0.1)
        wire.client.close()
        with pytest.raises(ConnectionError):
            await sending
        assert len(descriptors()) < len(before)

    go(leave())


def test_a_connection_that_its_owner_closes(go: Go, wire: Wire) -> None:
    """The number of its descriptor is given to somebody else at once; nothing may be written there."""

    async def close() -> None:
        sending = wire.sending(0, len(CONTENT))
        task = asyncio.create_task(sending.run())
        await asyncio.sleep(0.1)
        read, write = os.pipe()
        number = wire.server.detach()
        os.dup2(write, number)
        os.set_blocking(read, False)
        await asyncio.to_thread(wire.take, 200_000)
        sending.stop()
        with pytest.raises(ConnectionAbortedError):
            await task
        with pytest.raises(BlockingIOError):
            os.read(read, 1)
        for descriptor in (read, write, number):
            os.close(descriptor)

    go(close())
    assert wire.read == CONTENT[: len(wire.read)]


def test_cancelled_while_a_thread_is_busy(go: Go, wire: Wire) -> None:
    """The thread is out before anybody may close the file."""
    inside, leave = threading.Event(), threading.Event()
    before = descriptors()

    def occupy() -> None:
        inside.set()
        leave.wait(5)

    async def cancel() -> None:
        wire.threads.submit(occupy)
        inside.wait(5)
        task = asyncio.create_task(wire.sending(0, len(CONTENT)).run())
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.sleep(0.05)
        assert not task.done()
        leave.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    go(cancel())
    assert len(descriptors()) <= len(before)
    wire.client.setblocking(False)
    with pytest.raises(BlockingIOError):
        wire.client.recv(1)


def test_descriptors_are_given_back(go: Go, wire: Wire) -> None:
    async def often() -> None:
        before = len(descriptors())
        for _ in range(50):
            await wire.sending(0, 1000).run()
            wire.take(len(wire.read) + 1000)
        assert len(descriptors()) == before

    go(often())
