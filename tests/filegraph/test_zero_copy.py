"""A real uvicorn on a loopback port, on both event loops, with an application that has files sent."""

import asyncio
import contextlib
import os
import random
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from filegraph import sendfile
from filegraph.bodies import CloseUnread
from filegraph.protocol import Limits
from filegraph.zero_copy import ZeroCopyProtocol, protocol_class
from transfer.reply import ZERO_COPY

FULL = 32 << 20
CONTENT = random.Random(2).randbytes((8 << 20) + 5)


class Files:
    """``/<offset>-<count>`` is sent by the server; other paths are what is to be tried out."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115
        self.file.write(CONTENT)
        self.file.flush()
        self.errors: list[BaseException] = []
        self.finished = 0
        self.offered: set[bool] = set()
        self.held: Callable[[], int] = lambda: 0
        self.written = 0
        self.full = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.offered.add(ZERO_COPY in scope.get("extensions", {}))
        watcher = asyncio.ensure_future(_gone(receive))
        try:
            await self._answer(scope["path"].removeprefix("/"), send)
        except BaseException as error:
            self.errors.append(error)
            if not isinstance(error, OSError):
                raise
        finally:
            watcher.cancel()
            self.finished += 1

    async def _answer(self, path: str, send: Any) -> None:
        async def start(*headers: tuple[bytes, bytes]) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": headers})

        async def part(offset: int, count: int, *, more: bool = False) -> None:
            await send({"type": ZERO_COPY, "file": self.file, "offset": offset, "count": count, "more_body": more})

        async def body(content: bytes, *, more: bool) -> None:
            await send({"type": "http.response.body", "body": content, "more_body": more})

        if path == "mixed":
            await start((b"content-length", b"1000020"))
            await body(b"before", more=True)
            await part(10, 1_000_000, more=True)
            await body(b"between", more=True)
            await part(5, 1, more=True)
            await body(b"behind", more=False)
        elif path == "buffered":
            await start((b"content-length", b"%d" % (2 * len(CONTENT))))
            await body(CONTENT, more=True)
            await part(0, len(CONTENT))
        elif path == "full":
            await start((b"content-length", b"%d" % FULL))
            while not self.held():
                self.written += 4096
                await body(b"h" * 4096, more=True)
            await _before_a_pause()
            self.full.set()
            await part(0, 5000, more=True)
            await body(bytes(FULL - self.written - 5000), more=False)
        elif path == "chunked":
            await start()
            await part(0, 10)
        elif path == "too-long":
            await start((b"content-length", b"9"))
            await part(0, 10)
        elif path == "too-short":
            await start((b"content-length", b"11"))
            await part(0, 10)
        elif path == "early":
            await part(0, 10)
        elif path == "broken":
            await start((b"content-length", b"10"))
            await part(len(CONTENT) - 5, 10)
        else:
            offset, count = map(int, path.split("-"))
            await start((b"content-length", b"%d" % count))
            await part(offset, count)


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _before_a_pause() -> None:
    """Return in a round of the event loop that goes on with a pause."""
    loop = asyncio.get_running_loop()
    now: asyncio.Future[None] = loop.create_future()
    loop.call_soon(now.set_result, None)
    loop.call_soon(loop.call_soon, time.sleep, 0.1)
    await now


class Listening:
    def __init__(self, loop: Any, **settings: Any) -> None:
        self.files = Files()
        self.socket = socket.create_server(("127.0.0.1", 0))
        protocol = protocol_class(Limits(), threads=2, send_seconds=settings.pop("send_seconds", 10))
        self.protocol: type[ZeroCopyProtocol] = protocol
        config = uvicorn.Config(
            CloseUnread(self.files), http=protocol, loop=loop, lifespan="off", log_config=None, **settings
        )
        self.server = uvicorn.Server(config)
        self.files.held = self.held
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})
        self.thread.start()

    def held(self) -> int:
        """Bytes that the only connection's transport has not given to the system yet."""
        (connection,) = self.server.server_state.connections
        return connection.transport.get_write_buffer_size()

    def connect(self, *, buffer: int = 0) -> socket.socket:
        client = socket.socket()
        if buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        client.settimeout(10)
        client.connect(self.socket.getsockname())
        return client

    def ask(self, path: str, *, version: str = "1.1", method: str = "GET") -> bytes:
        """Everything until the server closes."""
        with self.connect() as client:
            client.sendall(f"{method} /{path} HTTP/{version}\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
            return read_to_end(client)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(15)
        assert not self.thread.is_alive()
        self.files.file.close()


def read_to_end(client: socket.socket) -> bytes:
    found = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while piece := client.recv(1 << 20):
            found += piece
    return bytes(found)


def body_of(answer: bytes) -> bytes:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    return body


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


Serve = Callable[..., Listening]


@pytest.fixture(params=["asyncio", "uvloop"])
def serve(request: pytest.FixtureRequest) -> Iterator[Serve]:
    started: list[Listening] = []

    def start(**settings: Any) -> Listening:
        started.append(Listening(request.param, **settings))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def listening(serve: Serve) -> Listening:
    return serve()


def get(path: str) -> bytes:
    return f"GET /{path} HTTP/1.1\r\nhost: x\r\n\r\n".encode()


def test_parts(listening: Listening) -> None:
    whole = len(CONTENT)
    for offset, count in ((0, whole), (0, 0), (whole, 0), (1, 1), (4095, 8194), (whole - 7, 7), (123, 3_000_000)):
        assert body_of(listening.ask(f"{offset}-{count}")) == CONTENT[offset : offset + count]
    assert listening.files.errors == []


def test_files_between_bytes_keep_their_places(listening: Listening) -> None:
    expected = b"before" + CONTENT[10:1_000_010] + b"between" + CONTENT[5:6] + b"behind"
    assert body_of(listening.ask("mixed")) == expected


def test_what_the_transport_still_holds_goes_first(listening: Listening) -> None:
    assert body_of(listening.ask("buffered")) == CONTENT * 2


def test_a_few_bytes_that_a_full_socket_left_in_the_transport_go_first(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fewer than the transport pauses for. The event loop is kept busy, so that a thread would overtake them."""
    monkeypatch.setattr(sendfile, "PATIENCE_SECONDS", 0.05)
    files = listening.files
    with listening.connect(buffer=65536) as client:
        client.sendall(b"GET /full HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        assert files.full.wait(5)
        body = body_of(read_to_end(client))
    assert files.written < FULL // 2
    assert body == b"h" * files.written + CONTENT[:5000] + bytes(FULL - files.written - 5000)


def test_requests_one_after_the_other_and_at_once(listening: Listening) -> None:
    with listening.connect() as client:
        for _ in range(3):
            client.sendall(get("0-2000000") + get("5-100") + get("7-1000000"))
            answer = b""
            while len(answer) < 3_000_100 + 3 * 30 or answer.count(b"HTTP/1.1 200 OK") < 3:
                answer += client.recv(1 << 20)
            parts = [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 OK")[1:]]
            while len(parts[2]) < 1_000_000:
                parts[2] += client.recv(1 << 20)
            assert parts == [CONTENT[:2_000_000], CONTENT[5:105], CONTENT[7:1_000_007]]
        (connection,) = listening.server.server_state.connections
        assert connection.transport.get_write_buffer_limits() == (16 * 1024, 64 * 1024)
    assert listening.files.errors == []


def test_http_1_0(listening: Listening) -> None:
    assert body_of(listening.ask("3-3000000", version="1.0")) == CONTENT[3:3_000_003]


@pytest.mark.parametrize("path", ["chunked", "too-long", "early"])
def test_wrong_messages(listening: Listening, path: str) -> None:
    """None of the file gets out."""
    answer = listening.ask(path)
    assert CONTENT[:5] not in answer
    assert [type(error) for error in listening.files.errors] == [RuntimeError]


def test_a_file_is_no_answer_to_head(listening: Listening) -> None:
    assert listening.ask("0-10", method="HEAD").endswith(b"\r\n\r\n")
    assert [type(error) for error in listening.files.errors] == [RuntimeError]


def test_less_than_was_promised(listening: Listening) -> None:
    assert len(body_of(listening.ask("too-short"))) == 10
    assert [type(error) for error in listening.files.errors] == [RuntimeError]


def test_a_file_that_ends_too_early_cuts_the_connection(listening: Listening) -> None:
    assert body_of(listening.ask("broken")) == CONTENT[-5:]
    assert "fewer bytes" in str(listening.files.errors[0])


def test_a_client_that_leaves_in_the_middle(listening: Listening, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        with listening.connect(buffer=4096) as client:
            client.sendall(get(f"0-{len(CONTENT)}"))
            assert client.recv(1000).startswith(b"HTTP/1.1 200")
    assert eventually(lambda: listening.files.finished == 3)
    assert all(isinstance(error, ConnectionError) for error in listening.files.errors)
    assert len(listening.files.errors) == 3
    # People do it all the time.
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
    assert body_of(listening.ask("0-100")) == CONTENT[:100]


def test_a_client_that_neither_reads_nor_goes(listening: Listening) -> None:
    """It says that it will send no more: for uvicorn the connection is over."""
    with listening.connect(buffer=4096) as client:
        client.sendall(get(f"0-{len(CONTENT)}"))
        assert client.recv(100)
        client.shutdown(socket.SHUT_WR)
        assert eventually(lambda: listening.files.finished == 1)
    assert [type(error) for error in listening.files.errors] == [ConnectionAbortedError]


@pytest.mark.parametrize("path", [f"0-{len(CONTENT)}", "buffered"])
def test_a_client_that_does_not_read(serve: Serve, path: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is cut off, whether its bytes are still in the transport or in the file."""
    listening = serve(send_seconds=0.3)
    with listening.connect(buffer=4096) as client:
        client.sendall(get(path))
        assert eventually(lambda: listening.files.finished == 1)
        assert [type(error) for error in listening.files.errors] == [TimeoutError]
        assert len(read_to_end(client)) < len(CONTENT)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_waiting_for_a_client_costs_nothing(listening: Listening) -> None:
    used = 0.0
    clients = [listening.connect(buffer=4096) for _ in range(4)]
    for client in clients:
        client.sendall(get(f"0-{len(CONTENT)}"))
    time.sleep(0.3)
    used -= time.process_time()
    time.sleep(0.5)
    assert used + time.process_time() < 0.15
    # Two threads, four who wait, and still:
    assert body_of(listening.ask("0-5000000")) == CONTENT[:5_000_000]
    for client in clients:
        client.close()
    assert eventually(lambda: listening.files.finished == 5)
    used = -time.process_time()
    time.sleep(0.5)
    assert used + time.process_time() < 0.15


def test_an_idle_connection_costs_nothing_after_a_file(listening: Listening) -> None:
    """What was waited for must be forgotten: the connection stays writable for good."""
    with listening.connect(buffer=65536) as client:
        client.sendall(get(f"0-{len(CONTENT)}"))
        received = 0
        while received < len(CONTENT):
            received += len(client.recv(50_000))
            time.sleep(0.003)
        time.sleep(0.1)
        used = time.process_time()
        time.sleep(0.5)
        assert time.process_time() - used < 0.15


def test_the_end_of_the_server(serve: Serve) -> None:
    """Who is being served may finish; who does not in time is cut off."""
    listening = serve(timeout_graceful_shutdown=1)
    with listening.connect(buffer=4096) as idle, listening.connect(buffer=4096) as busy:
        for client in (idle, busy):
            client.sendall(get(f"0-{len(CONTENT)}"))
        assert busy.recv(100)
        listening.server.should_exit = True
        time.sleep(0.2)
        rest = read_to_end(busy)
        assert rest.endswith(CONTENT[-1000:])
        listening.thread.join(10)
        assert not listening.thread.is_alive()
        assert len(read_to_end(idle)) < len(CONTENT)


def test_not_offered_where_this_process_encrypts(serve: Serve, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    listening = serve(ssl_keyfile=str(key), ssl_certfile=str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with context.wrap_socket(listening.connect()) as client:
        client.sendall(get("0-10"))
        with contextlib.suppress(OSError):
            client.recv(1000)
    assert eventually(lambda: listening.files.finished == 1)
    assert listening.files.offered == {False}


def test_descriptors_are_given_back(listening: Listening) -> None:
    listening.ask("0-1000")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        listening.ask("0-3000000")
    assert eventually(lambda: len(os.listdir("/proc/self/fd")) <= before)
