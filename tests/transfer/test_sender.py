"""Which way the bytes go, and that both ways give the same."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.backends.base import ObjectReader, ObjectWriter
from storage.backends.local import LocalBackend
from storage.backends.memory import MemoryBackend
from storage.errors import BackendUnavailable
from tests.components.asgi_client import Answer, exchange
from tests.transfer.conftest import Plane
from transfer.asgi import Message, Receive, Scope, Send
from transfer.conf import BLOCK
from transfer.file_threads import FileThreads
from transfer.ranges import ByteRange
from transfer.reply import ZERO_COPY, Reply
from transfer.representation import Plan
from transfer.sender import Sender

CONTENT = random.Random(3).randbytes(3 * BLOCK + 17)
FULL = os.environ.get("FILEGRAPH_TEST_SIZE") == "full"


def stored(writer: ObjectWriter) -> None:
    with writer:
        writer.write(CONTENT)


@pytest.fixture(scope="module")
def in_a_file(tmp_path_factory: pytest.TempPathFactory) -> ObjectReader:
    backend = LocalBackend(backend_config={"root": str(tmp_path_factory.mktemp("store"))})
    stored(backend.open_writer("key"))
    return backend.open_reader("key")


@pytest.fixture(scope="module")
def in_memory() -> ObjectReader:
    backend = MemoryBackend()
    stored(backend.open_writer("key"))
    return backend.open_reader("key")


def sent(reader: ObjectReader, part: ByteRange, *, zero_copy: bool) -> Answer:
    threads = FileThreads(1)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        reply = Reply(send, always=[], head_only=False, sends_files=ZERO_COPY in scope.get("extensions", ()))
        sender = Sender(threads, timeout=5)
        await sender.send(Plan(200, [], part), part, reader, reply=reply, receive=receive)

    try:
        return exchange(app, "GET", "/", zero_copy=zero_copy)
    finally:
        threads.close()


@settings(max_examples=2000 if FULL else 50)
@given(data=st.data())
def test_any_part_is_the_same_on_every_way(
    data: st.DataObject, in_a_file: ObjectReader, in_memory: ObjectReader
) -> None:
    offset = data.draw(st.integers(0, len(CONTENT) - 1))
    part = ByteRange(offset, data.draw(st.integers(1, len(CONTENT) - offset)))
    for reader in (in_a_file, in_memory):
        for zero_copy in (False, True):
            answer = sent(reader, part, zero_copy=zero_copy)
            assert answer.complete
            assert answer.body == CONTENT[offset : offset + part.length]


def test_a_large_part_of_a_file_is_handed_over_after_the_first_block(in_a_file: ObjectReader) -> None:
    answer = sent(in_a_file, ByteRange(5, 3 * BLOCK), zero_copy=True)
    assert answer.blocks == [BLOCK, 2 * BLOCK]


def test_what_fits_into_a_block_is_read(in_a_file: ObjectReader) -> None:
    assert sent(in_a_file, ByteRange(5, BLOCK), zero_copy=True).blocks == [BLOCK]


def test_without_a_descriptor_blocks_are_read(in_memory: ObjectReader) -> None:
    assert sent(in_memory, ByteRange(0, 2 * BLOCK + 1), zero_copy=True).blocks == [BLOCK, BLOCK, 1]


def test_through_the_whole_byte_plane(plane: Plane) -> None:
    path = plane.link(plane.store(CONTENT, name="noise.bin"))
    for headers, expected in (({}, CONTENT), ({"range": "bytes=100-2500000"}, CONTENT[100:2_500_001])):
        plain, handed_over = (plane.ask("GET", path, headers=headers, zero_copy=way) for way in (False, True))
        assert plain.body == handed_over.body == expected
        assert (plain.status, plain.headers) == (handed_over.status, handed_over.headers)
        assert len(plain.blocks) > len(handed_over.blocks) == 2
    assert plane.ask("HEAD", path, zero_copy=True).body == b""


def test_a_store_that_fails_is_told_before_the_status(tmp_path: Path) -> None:
    """Cut off between opening and reading."""
    backend = LocalBackend(backend_config={"root": str(tmp_path)})
    stored(backend.open_writer("key"))
    reader = backend.open_reader("key")
    os.truncate(backend.path("key"), 100)
    started: list[str] = []

    async def send(message: Message) -> None:
        started.append(message["type"])

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def app() -> None:
        threads = FileThreads(1)
        reply = Reply(send, always=[], head_only=False, sends_files=True)
        part = ByteRange(0, len(CONTENT))
        try:
            await Sender(threads, timeout=5).send(Plan(200, [], part), part, reader, reply=reply, receive=receive)
        finally:
            threads.close()

    with pytest.raises(BackendUnavailable):
        asyncio.run(app())
    assert started == []
    reader.close()
