from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from transfer.asgi import ClientGone
from transfer.body import MOST_PIECES, Body
from transfer.errors import BodyTooSlow
from transfer.pace import Pace


class Client:
    """The receiving side of a connection: messages in turn, then silence."""

    def __init__(self, *messages: dict[str, Any] | float) -> None:
        self.messages = list(messages)
        self.received = 0

    async def __call__(self) -> dict[str, Any]:
        while self.messages:
            message = self.messages.pop(0)
            if isinstance(message, float):
                await asyncio.sleep(message)
                continue
            self.received += 1
            return message
        await asyncio.Event().wait()
        raise AssertionError


def part(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


GONE: dict[str, Any] = {"type": "http.disconnect"}


def body_of(client: Client, *, idle: float = 60.0, rate: int = 0) -> Body:
    return Body(client, Pace(idle_timeout=idle, min_rate=rate, grace=idle))


def joined(chunks: Sequence[bytes]) -> bytes:
    return b"".join(chunks)


async def test_messages_are_gathered_to_the_size_asked_for() -> None:
    body = body_of(Client(part(b"ab"), part(b"cd"), part(b"ef"), part(b"g", more=False)))
    first = await body.gather(3)
    assert (joined(first.chunks), first.size, first.last) == (b"abcd", 4, False)
    second = await body.gather(100)
    assert (joined(second.chunks), second.size, second.last) == (b"efg", 3, True)


async def test_a_batch_of_crumbs_ends_before_they_weigh_more_than_what_they_carry() -> None:
    body = body_of(Client(*[part(b"xy")] * (MOST_PIECES + 1), part(b"", more=False)))
    first, second = await body.gather(1 << 20), await body.gather(1 << 20)
    assert (len(first.chunks), first.size, first.last) == (MOST_PIECES, 2 * MOST_PIECES, False)
    assert (second.size, second.last) == (2, True)


async def test_nothing_is_received_before_it_is_asked_for() -> None:
    client = Client(part(b"ab"), part(b"cd"), part(b"", more=False))
    body = body_of(client)
    assert client.received == 0
    await body.gather(1)
    assert client.received == 1


async def test_an_empty_body_is_one_empty_last_batch() -> None:
    batch = await body_of(Client(part(b"", more=False))).gather(10)
    assert (batch.size, batch.last) == (0, True)


async def test_a_client_that_leaves_is_told_apart_from_an_end() -> None:
    body = body_of(Client(part(b"ab"), GONE))
    with pytest.raises(ClientGone):
        await body.gather(10)
    assert not body.finished


async def test_silence_ends_the_body() -> None:
    with pytest.raises(BodyTooSlow):
        await body_of(Client(part(b"ab")), idle=0.02).gather(10)


async def test_a_drip_below_the_minimum_rate_ends_the_body() -> None:
    drip: list[dict[str, Any] | float] = [0.01, part(b"x")] * 200
    client = Client(*drip)
    with pytest.raises(BodyTooSlow):
        await body_of(client, idle=0.1, rate=1000).gather(1000)
    assert client.received < 100


async def test_draining_stops_at_the_limit_and_waits_for_the_rest_of_the_time() -> None:
    client = Client(*[part(b"x" * 1000)] * 100)
    async with asyncio.timeout(5):
        await body_of(client).drain(limit=10_000, seconds=0.05)
    assert client.received == 10


@pytest.mark.parametrize("end", [GONE, part(b"", more=False)])
async def test_draining_returns_when_nothing_can_come_any_more(end: dict[str, Any]) -> None:
    async with asyncio.timeout(5):
        await body_of(Client(part(b"x"), end)).drain(limit=10_000, seconds=60)
