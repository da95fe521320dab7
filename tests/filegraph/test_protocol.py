"""A real uvicorn on a loopback port, with bounds small enough to reach."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager as Context
from typing import Any

import pytest
import uvicorn

from filegraph.bodies import CloseUnread
from filegraph.protocol import BoundedProtocol, Limits, Peers, protocol_class

HEAD = b"GET / HTTP/1.1\r\nhost: x\r\n"


class Echo:
    """Answers with what it was sent; ``/ignore`` leaves the body alone, ``/slow`` takes its time."""

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", scope["path"] != "/ignore"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message["more_body"]
        if scope["path"] == "/slow":
            await asyncio.sleep(0.5)
        self.headers = scope["headers"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def to_the_end(self, seconds: float = 3) -> bytes:
        """Everything the server sends until it closes; a reset ends it too."""
        found = b""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(seconds):
                while piece := await self.reader.read(65536):
                    found += piece
        return found


Connect = Callable[[], Any]


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def serving(echo: Echo) -> Callable[[Limits], Context[Connect]]:
    @contextlib.asynccontextmanager
    async def serve(limits: Limits) -> AsyncIterator[Connect]:
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(CloseUnread(echo), http=protocol_class(limits), lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        clients: list[Client] = []

        async def connect() -> Client:
            clients.append(Client(*await asyncio.open_connection(*listener.getsockname())))
            return clients[-1]

        try:
            yield connect
        finally:
            for client in clients:
                client.writer.close()
            server.should_exit = True
            await task

    return serve


SMALL = Limits(head_size=2048, head_seconds=0.3, connections=4, connections_per_address=3)
Serving = Callable[[Limits], Context[Connect]]


async def test_requests_one_after_the_other_and_at_once(serving: Serving) -> None:
    async with serving(SMALL) as connect:
        client = await connect()
        for _ in range(3):
            client.writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc" * 2)
            for _ in range(2):
                head = await client.reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200")
                assert await client.reader.readexactly(3) == b"abc"


async def test_a_body_in_many_pieces_arrives_whole(serving: Serving) -> None:
    async with serving(SMALL) as connect:
        client = await connect()
        body = bytes(range(256)) * 2000
        client.writer.write(
            b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
        )
        await asyncio.sleep(0.05)
        client.writer.write(body)
        answer = await client.to_the_end()
        assert answer.partition(b"\r\n\r\n")[2] == body


@pytest.mark.parametrize("start", [HEAD + b"x-big: ", b"GET /", HEAD, b""])
async def test_an_endless_head(serving: Serving, start: bytes) -> None:
    async with serving(Limits(head_size=2048)) as connect:
        client = await connect()
        line = b"a" * 1024 if start not in (HEAD, b"") else (b"a: b\r\n" if start else b"\r\n") * 300
        client.writer.write(start)
        sent = 0
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(1):
                while sent < 200 * 1024 * 1024 and not client.reader.at_eof():
                    client.writer.write(line * 20)
                    sent += len(line) * 20
                    await client.writer.drain()
        answer = await client.to_the_end()
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "HEADERS_TOO_LARGE"
        # What the kernel's buffers hold; the server itself stopped reading.
        assert sent < 50 * 1024 * 1024


async def test_a_head_within_the_limit(serving: Serving) -> None:
    async with serving(SMALL) as connect:
        client = await connect()
        client.writer.write(HEAD + b"connection: close\r\nx: " + b"a" * 1900 + b"\r\n\r\n")
        assert (await client.to_the_end()).startswith(b"HTTP/1.1 200")


async def test_endless_trailers(serving: Serving, echo: Echo) -> None:
    async with serving(SMALL) as connect:
        client = await connect()
        client.writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                client.writer.write(b"trailer: " + b"a" * 1000 + b"\r\n")
                await client.writer.drain()
                await asyncio.sleep(0.001)
        assert (await client.to_the_end()).startswith(b"HTTP/1.1 431 ")
        assert echo.headers == []


@pytest.mark.parametrize("start", [b"", b"GET /", HEAD])
async def test_a_head_that_never_ends_in_time(serving: Serving, start: bytes) -> None:
    async with serving(SMALL) as connect:
        client = await connect()
        client.writer.write(start)
        begun = asyncio.get_running_loop().time()
        drip = asyncio.create_task(_drip(client)) if start else None
        assert await client.to_the_end() == b""
        assert 0.2 < asyncio.get_running_loop().time() - begun < 2
        if drip:
            drip.cancel()


async def _drip(client: Client) -> None:
    while True:
        await asyncio.sleep(0.05)
        client.writer.write(b"a")


async def test_a_second_head_that_never_ends(serving: Serving) -> None:
    async with serving(SMALL) as connect:
        client = await connect()
        client.writer.write(HEAD + b"\r\n")
        await client.reader.readuntil(b"\r\n\r\n")
        client.writer.write(HEAD)
        assert await client.to_the_end(2) == b""


async def test_half_a_head_behind_a_long_answer_waits(serving: Serving) -> None:
    async with serving(SMALL) as connect:
        client = await connect()
        client.writer.write(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP")
        assert (await client.to_the_end()).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x00\xff", b"GET / HTTP/9.9\r\n\r\n", b"nonsense\r\n\r\n"])
async def test_what_is_no_request_is_told_so_in_json(serving: Serving, garbage: bytes) -> None:
    async with serving(SMALL) as connect:
        client = await connect()
        client.writer.write(garbage)
        answer = await client.to_the_end()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "BAD_REQUEST"


async def test_a_broken_body_is_told_so_once(serving: Serving) -> None:
    async with serving(SMALL) as connect:
        client = await connect()
        client.writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n")
        answer = await client.to_the_end()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert answer.count(b"content-length") == 1


async def test_no_more_connections_than_allowed(serving: Serving) -> None:
    async with serving(Limits(connections_per_address=3)) as connect:
        clients = [await connect() for _ in range(3)]
        answer = await (await connect()).to_the_end()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "TOO_MANY_CONNECTIONS"
        clients[0].writer.close()
        await clients[0].writer.wait_closed()
        await asyncio.sleep(0.05)
        again = await connect()
        again.writer.write(HEAD + b"connection: close\r\n\r\n")
        assert (await again.to_the_end()).startswith(b"HTTP/1.1 200")


async def test_a_proxy_has_its_own_limit(serving: Serving) -> None:
    async with serving(Limits(connections=3, connections_per_address=1, proxies=("127.0.0.0/8",))) as connect:
        for _ in range(3):
            await connect()
        assert (await (await connect()).to_the_end()).startswith(b"HTTP/1.1 503 ")


async def test_an_unread_body_ends_the_connection(serving: Serving) -> None:
    async with serving(SMALL) as connect:
        client = await connect()
        client.writer.write(b"POST /ignore HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000000\r\n\r\n")
        reading = asyncio.create_task(client.reader.readuntil(b"\r\n\r\n"))
        sent = 0
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(3):
                while sent < 1 << 30:
                    client.writer.write(b"a" * 65536)
                    sent += 65536
                    await client.writer.drain()
        answer = await reading
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in answer
        assert sent < 50 * 1024 * 1024


async def test_a_body_is_not_read_before_it_is_asked_for(echo: Echo) -> None:
    asked = asyncio.Event()
    seen: list[int] = []

    async def patient(scope: Any, receive: Any, send: Any) -> None:
        await asked.wait()
        await echo(scope, receive, send)

    class Watched(BoundedProtocol):
        limits = Limits()
        peers = Peers(limits)

        def on_body(self, body: bytes) -> None:
            seen.append(len(body))
            super().on_body(body)

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(patient, http=Watched, lifespan="off", log_config=None))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    client = Client(*await asyncio.open_connection(*listener.getsockname()))
    client.writer.write(b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 60000\r\n\r\n")
    await asyncio.sleep(0.05)
    client.writer.write(b"a" * 60000)
    await asyncio.sleep(0.1)
    assert seen == []
    asked.set()
    assert (await client.to_the_end()).endswith(b"a" * 60000)
    client.writer.close()
    server.should_exit = True
    await task


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("10.1.2.3", ""),
        ("198.51.100.1", ""),
        ("", ""),
        ("/run/socket", "/run/socket"),
    ],
)
def test_what_an_address_counts_as(address: str, key: str) -> None:
    assert Peers(Limits(proxies=("10.0.0.0/8", "198.51.100.1", "localhost"))).key(address) == key


def test_all_addresses_may_be_trusted() -> None:
    assert Peers(Limits(proxies=("*",))).key("192.0.2.7") == ""
