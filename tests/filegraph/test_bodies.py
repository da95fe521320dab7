import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from filegraph.bodies import BodyRefused, CloseUnread, has_body, read_whole
from transfer.reply import ZERO_COPY

Message = MutableMapping[str, Any]


class Peer:
    """A client that sends ``pieces`` of a body and then waits, or goes."""

    def __init__(self, *pieces: bytes, ends: bool = True, goes: bool = False) -> None:
        self.pieces = list(pieces)
        self.ends = ends
        self.goes = goes
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        if self.pieces:
            piece = self.pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(self.pieces) or not self.ends}
        if not self.goes:
            await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)


def scope(*headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http", "headers": list(headers)}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], False),
        ([(b"content-length", b"0")], False),
        ([(b"content-length", b"00")], False),
        ([(b"content-length", b"10")], True),
        ([(b"content-length", b"nonsense")], True),
        ([(b"transfer-encoding", b"chunked")], True),
    ],
)
def test_has_body(headers: list[tuple[bytes, bytes]], expected: bool) -> None:
    assert has_body(scope(*headers)) is expected


async def test_a_small_body_is_given_out_once_and_then_the_connection_is_asked() -> None:
    peer = Peer(b"ab", b"", b"c", goes=True)
    receive = await read_whole(scope(), peer.receive, limit=3, seconds=1)
    assert await receive() == {"type": "http.request", "body": b"abc", "more_body": False}
    assert await receive() == {"type": "http.disconnect"}


@pytest.mark.parametrize("length", [b"4", b"-1", b"nonsense", b"9" * 5000])
async def test_what_is_declared_as_too_long_is_not_read(length: bytes) -> None:
    peer = Peer(b"a")
    with pytest.raises(BodyRefused) as caught:
        await read_whole(scope((b"content-length", length)), peer.receive, limit=3, seconds=1)
    assert caught.value.refusal is not None
    assert caught.value.refusal.status == 413
    assert peer.pieces == [b"a"]


async def test_an_undeclared_body_is_counted() -> None:
    with pytest.raises(BodyRefused) as caught:
        await read_whole(scope(), Peer(b"ab", b"cd", ends=False).receive, limit=3, seconds=1)
    assert caught.value.refusal is not None
    assert caught.value.refusal.status == 413


async def test_a_body_that_does_not_end_in_time() -> None:
    with pytest.raises(BodyRefused) as caught:
        await read_whole(scope(), Peer(b"a", ends=False).receive, limit=3, seconds=0.05)
    assert caught.value.refusal is not None
    assert caught.value.refusal.status == 408


async def test_a_client_that_goes_gets_no_answer() -> None:
    with pytest.raises(BodyRefused) as caught:
        await read_whole(scope(), Peer(b"a", ends=False, goes=True).receive, limit=3, seconds=1)
    assert caught.value.refusal is None


async def _ignore(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"keep-alive")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def _read(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await _ignore(scope, receive, send)


async def test_the_answer_to_an_unread_body_closes() -> None:
    peer = Peer(b"a" * 40_000, b"a" * 40_000, b"a", ends=False)
    await CloseUnread(_ignore)(scope((b"content-length", b"90000")), peer.receive, peer.send)
    assert peer.sent[0]["headers"] == [(b"connection", b"close")]
    assert [(message.get("body"), message.get("more_body", False)) for message in peer.sent[1:]] == [
        (b"ok", True),
        (b"", False),
    ]
    assert peer.pieces == [b"a"]


async def test_a_file_that_the_server_sends_is_followed_by_the_same_moment() -> None:
    """Closing at once would reset the connection, and what is still on its way would be lost."""

    async def send_file(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": ZERO_COPY, "file": None, "offset": 0, "count": 9, "more_body": False})

    peer = Peer(b"a" * 40_000, b"a" * 40_000, b"a", ends=False)
    await CloseUnread(send_file)(scope((b"content-length", b"90000")), peer.receive, peer.send)
    assert [(message["type"], message.get("more_body", False)) for message in peer.sent[1:]] == [
        (ZERO_COPY, True),
        ("http.response.body", False),
    ]
    assert peer.pieces == [b"a"]


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"2")]])
async def test_the_answer_to_a_read_body_stays_as_it_is(headers: list[tuple[bytes, bytes]]) -> None:
    peer = Peer(b"ab")
    await CloseUnread(_read)(scope(*headers), peer.receive, peer.send)
    assert peer.sent[0]["headers"] == [(b"connection", b"keep-alive")]
    assert len(peer.sent) == 2
