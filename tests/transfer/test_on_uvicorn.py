"""What only a real server and real sockets show: connections, ``100 Continue``, time-outs, framing."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from storage.models import Upload, UploadState
from tests.transfer.conftest import Plane
from transfer.conf import BLOCK

CONTENT = b"All happy files are alike.\n" * 10_000
MESSAGE = 320 * 1024
"""The most that uvicorn gives at a time: what it reads at once, on top of its own limit of 64 KiB."""


class Listening:
    """The byte plane on a loopback port. ``taken`` counts the bytes of bodies that the application received."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self.taken = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.server = uvicorn.Server(
            uvicorn.Config(
                self._app,
                interface="asgi3",
                http="httptools",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
            )
        )
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        async def counted() -> Any:
            message = await receive()
            self.taken += len(message.get("body", b""))
            return message

        await self._plane.app(scope, counted, send)

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def client(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)


@pytest.fixture
def listening(plane: Plane) -> Iterator[Listening]:
    made = Listening(plane)
    made.thread.start()
    yield made
    made.server.should_exit = True
    made.thread.join(10)
    assert not made.thread.is_alive()


def head(path: str, *, length: int | None = None, **headers: str) -> bytes:
    lines = [f"PUT {path} HTTP/1.1", "Host: localhost"]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def read_to_end(connection: socket.socket) -> bytes:
    """Everything until the server closes; a reset after the answer is an end too."""
    answer = b""
    try:
        while piece := connection.recv(65536):
            answer += piece
    except ConnectionResetError:
        pass
    return answer


def eventually(condition: Any) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def test_a_refused_put_is_answered_while_the_client_is_still_sending(listening: Listening) -> None:
    with listening.connect() as connection:
        connection.sendall(head("/u/forged", length=1 << 30) + b"x" * 1000)
        answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert b"connection: close\r\n" in answer
        assert b'"INVALID_TOKEN"' in answer
        assert listening.taken <= 1000
        read_to_end(connection)


def test_of_a_refused_put_little_is_read_and_the_connection_ends(listening: Listening) -> None:
    begun = time.monotonic()
    sent = 0
    with listening.connect() as connection:
        connection.sendall(head("/u/forged", length=1 << 30))
        try:
            while sent < 1 << 30:
                sent += connection.send(b"x" * 65536)
        except OSError:
            pass
        answer = read_to_end(connection)
    assert sent < 64 << 20
    assert listening.taken <= 64 * 1024 + MESSAGE
    assert answer == b"" or answer.startswith(b"HTTP/1.1 403 ")
    assert time.monotonic() - begun < 5


def test_a_client_that_reads_before_it_gives_up_gets_the_answer(listening: Listening) -> None:
    """As curl and browsers do: they look for an answer while they send."""
    with listening.connect() as connection:
        connection.sendall(head("/u/forged", length=8 << 20))
        connection.setblocking(False)
        deadline = time.monotonic() + 5
        answer = b""
        while not answer and time.monotonic() < deadline:
            try:
                connection.send(b"x" * 65536)
            except BlockingIOError:
                time.sleep(0.001)
            with contextlib.suppress(BlockingIOError):
                answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 403 ")


def test_continue_is_not_said_to_a_refused_body(listening: Listening) -> None:
    with listening.connect() as connection:
        connection.sendall(head("/u/forged", length=1 << 30, Expect="100-continue"))
        answer = read_to_end(connection)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"100 Continue" not in answer
    assert listening.taken == 0


def test_continue_is_said_to_a_welcome_body(plane: Plane, listening: Listening) -> None:
    _, path = plane.begin(len(CONTENT))
    with listening.connect() as connection:
        connection.sendall(head(path, length=len(CONTENT), Expect="100-continue"))
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(CONTENT)
        assert connection.recv(65536).startswith(b"HTTP/1.1 204 ")


@pytest.mark.parametrize("length", [None, len(CONTENT)])
def test_a_chunked_body(plane: Plane, listening: Listening, length: int | None) -> None:
    _, path = plane.begin(len(CONTENT))
    with listening.connect() as connection:
        connection.sendall(head(path, length=length, Transfer_Encoding="chunked") + b"5\r\nhello\r\n0\r\n\r\n")
        answer = read_to_end(connection)
    assert answer.startswith((b"HTTP/1.1 411 ", b"HTTP/1.1 400 "))
    assert Upload.objects.get().state == UploadState.OPEN


def test_a_client_that_leaves_in_the_middle(plane: Plane, listening: Listening) -> None:
    upload_id, path = plane.begin(len(CONTENT))
    with listening.connect() as connection:
        connection.sendall(head(path, length=len(CONTENT)) + CONTENT[:1000])
        assert eventually(lambda: Upload.objects.get(id=upload_id).state == UploadState.RECEIVING)
    assert eventually(lambda: Upload.objects.get(id=upload_id).state == UploadState.OPEN)
    client = listening.client()
    client.request("PUT", path, CONTENT)
    assert client.getresponse().status == 204
    client.close()
    assert plane.finalize(upload_id).sha256 == hashlib.sha256(CONTENT).hexdigest()


def test_who_closes_her_sending_side_has_left(plane: Plane, listening: Listening) -> None:
    """As uvicorn has it: the page on uploads says so. Nothing is lost, for she can ask and send again."""
    upload_id, path = plane.begin(len(CONTENT))
    with listening.connect() as connection:
        # With much in its hands the server does not look further, and answers before it sees that she has left.
        connection.sendall(head(path, length=len(CONTENT)) + CONTENT[:-1000])
        assert eventually(lambda: listening.taken == len(CONTENT) - 1000)
        # The last bytes wait for the end of her side and travel with it; else they might be answered before it comes.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        connection.sendall(CONTENT[-1000:])
        connection.shutdown(socket.SHUT_WR)
        assert read_to_end(connection) == b""

    def state() -> str:
        return str(Upload.objects.get(id=upload_id).state)

    # Whether the end of her bytes was seen before that of her side is up to the machine.
    assert eventually(lambda: state() in (UploadState.OPEN, UploadState.VERIFYING))
    expected = 204 if state() == UploadState.OPEN else 409
    client = listening.client()
    client.request("PUT", path, CONTENT)
    assert client.getresponse().status == expected
    client.close()
    assert plane.finalize(upload_id).sha256 == hashlib.sha256(CONTENT).hexdigest()


def test_a_slow_body(plane: Plane, listening: Listening) -> None:
    plane.configure(idle_timeout=0.2, rate_grace=0.2, min_rate=100_000)
    upload_id, path = plane.begin(len(CONTENT))
    with listening.connect() as connection:
        connection.sendall(head(path, length=len(CONTENT)))
        drip = threading.Thread(target=_drip, args=(connection,))
        drip.start()
        answer = read_to_end(connection)
        drip.join()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"BODY_TOO_SLOW"' in answer
    assert Upload.objects.get(id=upload_id).state == UploadState.OPEN


def _drip(connection: socket.socket) -> None:
    try:
        for _ in range(100):
            connection.send(b"x")
            time.sleep(0.02)
    except OSError:
        return


def test_one_connection_serves_many_requests(plane: Plane, listening: Listening) -> None:
    """Framing: after each kind of answer the next request on the connection is understood."""
    client = listening.client()

    def ask(method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        client.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = client.getresponse()
        return response.status, response.read()

    uploads = [plane.begin(len(CONTENT), name=f"{number}.txt") for number in range(2)]
    assert ask("PUT", uploads[0][1], CONTENT)[0] == 204
    assert client.sock is not None
    first = client.sock.getsockname()
    assert ask("PUT", "/u/forged", b"x" * 1000)[0] == 403
    assert ask("HEAD", uploads[1][1]) == (200, b"")
    assert ask("PUT", uploads[1][1], CONTENT)[0] == 204
    path = plane.link(plane.finalize(uploads[0][0]))
    assert ask("GET", path) == (200, CONTENT)
    assert ask("HEAD", path) == (200, b"")
    assert ask("GET", path, Range="bytes=3-5") == (206, CONTENT[3:6])
    assert ask("GET", path, If_None_Match="*") == (304, b"")
    assert ask("GET", path, Range=f"bytes={len(CONTENT)}-")[0] == 416
    assert ask("GET", path, If_Match='"x"')[0] == 412
    assert ask("OPTIONS", path) == (204, b"")
    assert ask("HEAD", "/d/forged/x") == (403, b"")
    assert ask("GET", path) == (200, CONTENT)
    assert client.sock.getsockname() == first
    client.close()


def test_a_large_file_there_and_back(plane: Plane, listening: Listening) -> None:
    content = CONTENT * 40 + b"end"
    assert len(content) > 8 * BLOCK
    upload_id, path = plane.begin(len(content))
    client = listening.client()
    client.request("PUT", path, content)
    assert client.getresponse().read() == b""
    client.request("GET", plane.link(plane.finalize(upload_id)))
    assert client.getresponse().read() == content
    client.close()
