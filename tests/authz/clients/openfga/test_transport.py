"""However a server fails to answer, it is AuthorizationUnavailable within two seconds, and never an answer."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from authz.clients.openfga import wire
from authz.clients.openfga.breaker import FAILURES, PAUSE_SECONDS
from authz.clients.openfga.calls import Call, Deadline
from authz.clients.openfga.failures import NotAllowed, NotSent, Refused
from authz.clients.openfga.transport import Transport
from authz.errors import AuthorizationUnavailable
from tests.components.openfga import OpenFGA, openfga, require_openfga

CHECK = Call("POST", "/stores/01ARZ3NDEKTSV4RRFFQ69G5FAV/check", {"a": 1})
STREAM = Call("POST", "/stores/01ARZ3NDEKTSV4RRFFQ69G5FAV/streamed-list-objects", {"a": 1}, streamed=True)
CREATE = Call("POST", "/stores", {"name": "a"}, repeatable=False, status=201)
LINE = b'{"result":{"object":"file:1"}}\n'


def response(body: bytes, *, status: str = "200 OK", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        status.encode(),
        size,
        body,
    )


def chunked(*chunks: bytes, end: bool = True) -> bytes:
    parts = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks]
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(parts) + (b"0\r\n\r\n" if end else b"")


@contextlib.contextmanager
def server(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that reads a request, behaves, and hangs up; yields its address."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)

        def one(connection: socket.socket) -> None:
            with contextlib.suppress(OSError), connection:
                connection.recv(65536)
                behave(connection)

        def serve() -> None:
            while not done.is_set():
                with contextlib.suppress(TimeoutError):
                    threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            done.set()
            thread.join()


def says(data: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(data)


def silence(connection: socket.socket) -> None:
    time.sleep(4)


def drip(connection: socket.socket) -> None:
    """A byte now and then: each read succeeds, the answer never ends."""
    for byte in response(b'{"allowed":true}', length=1000):
        connection.sendall(bytes([byte]))
        time.sleep(0.2)


def drip_chunks(connection: socket.socket) -> None:
    connection.sendall(chunked(end=False))
    for _ in range(40):
        connection.sendall(b"%x\r\n%s\r\n" % (len(LINE), LINE))
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("call", "behave"),
    [
        (CHECK, silence),
        (CHECK, drip),
        (STREAM, drip_chunks),
        (CHECK, says(b"")),
        (CHECK, says(b"SSH-2.0-OpenSSH_9.2\r\n")),
        (CHECK, says(response(b"<html>busy</html>"))),
        (CHECK, says(response(b'["allowed"]'))),
        (CHECK, says(response(b'{"allowed":true}', length=100))),
        (CHECK, says(response(b'{"allowed":true}', status="500 Oops"))),
        (CHECK, says(response(b"<html>gone</html>", status="404 Not Found"))),
        (CHECK, says(response(b'{"allowed":true}', status="302 Found"))),
        (CHECK, says(response(b'{"allowed":true}', status="201 Created"))),
        (CHECK, says(response(b'{"allowed":true}', status="206 Partial Content"))),
        (STREAM, says(response(LINE, status="206 Partial Content"))),
        (CREATE, says(response(b'{"id":"1"}'))),
        (CHECK, says(b'HTTP/1.1 200 OK\r\n\r\n{"allowed":true}')),
        (STREAM, says(chunked(LINE, end=False))),
        (STREAM, says(chunked(LINE, LINE[:10]))),
        (STREAM, says(chunked(LINE, b'{"error":{"code":4,"message":"deadline"}}\n'))),
        (STREAM, says(chunked(LINE, b'{"result":{"object":"file:2"},"error":{}}\n'))),
        (STREAM, says(chunked(LINE, b'{"other":{}}\n'))),
        (STREAM, says(b"HTTP/1.1 200 OK\r\n\r\n" + LINE)),
    ],
)
def test_no_answer_is_no_answer(call: Call, behave: Callable[[socket.socket], None]) -> None:
    with server(behave) as url:
        begin = time.monotonic()
        with pytest.raises(AuthorizationUnavailable):
            Transport(url).send([call, call], Deadline())
        assert time.monotonic() - begin < 2.3


def test_answers_are_read() -> None:
    with server(says(response(b'{"allowed":false}'))) as url:
        assert Transport(url).send([CHECK], Deadline()) == [{"allowed": False}]
    with server(says(chunked(LINE[:7], LINE[7:] + LINE))) as url:
        assert Transport(url).send([STREAM], Deadline()) == [[{"object": "file:1"}] * 2]
    with server(says(response(b'{"id":"1"}', status="201 Created"))) as url:
        assert Transport(url).send([CREATE], Deadline()) == [{"id": "1"}]
    refusal = response(b'{"code":"validation_error","message":"no"}', status="400 Bad Request")
    with server(says(refusal)) as url, pytest.raises(Refused, match="validation_error"):
        Transport(url).send([CHECK], Deadline())


def test_a_sentence_of_the_server_is_one_line_and_no_book() -> None:
    said = json.dumps({"code": "validation_error", "message": "no\n\x1b[31m\u202e2026 ERROR" + "a" * 100_000}).encode()
    with server(says(response(said, status="400 Bad Request"))) as url, pytest.raises(Refused) as caught:
        Transport(url).send([CHECK], Deadline())
    assert str(caught.value).startswith("validation_error: no  [31m 2026 ERRORaaa")
    assert len(str(caught.value)) < 1100
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("value", ["true", 1, "yes", None, {}, [True], "False", 0, ""])
def test_a_verdict_is_true_or_false_and_nothing_else(value: object) -> None:
    with pytest.raises(AuthorizationUnavailable):
        wire.allowed({"allowed": value})


@pytest.mark.parametrize(
    "result",
    [
        {"0": {"allowed": True}},
        {"0": {"allowed": True}, "1": {"error": {}}},
        {"0": {"allowed": True}, "1": {"allowed": False, "error": {}}},
        {"0": {"allowed": True}, "2": {"allowed": True}},
    ],
)
def test_a_batch_is_whole_or_nothing(result: object) -> None:
    with pytest.raises(AuthorizationUnavailable):
        wire.verdicts({"result": result}, 2)


def test_a_connection_that_the_server_closed_meanwhile_is_no_failure() -> None:
    answered = []

    def once(connection: socket.socket) -> None:
        answered.append(connection)
        connection.sendall(response(b'{"allowed":true}'))

    with server(once) as url:
        transport = Transport(url)
        for _ in range(3):
            assert transport.send([CHECK], Deadline()) == [{"allowed": True}]
            time.sleep(0.1)
    assert len(answered) == 3


def test_after_some_failures_nobody_waits_and_then_it_works_again() -> None:
    broken = [True]

    def behave(connection: socket.socket) -> None:
        if broken[0]:
            silence(connection)
        connection.sendall(response(b'{"allowed":true}'))

    with server(behave) as url:
        transport = Transport(url)
        for _ in range(FAILURES):
            with pytest.raises(AuthorizationUnavailable):
                transport.send([CHECK], Deadline(0.2))
        begin = time.monotonic()
        for _ in range(20):
            with pytest.raises(AuthorizationUnavailable):
                transport.send([CHECK], Deadline())
        assert time.monotonic() - begin < 0.5
        broken[0] = False
        time.sleep(PAUSE_SECONDS)
        assert transport.send([CHECK], Deadline()) == [{"allowed": True}]


def test_threads_never_get_each_others_answers() -> None:
    """The SDK keeps the last answer in an attribute of its client; here each caller has its own."""

    def echo(connection: socket.socket) -> None:
        # The request was read already; the answer says which connection it came by.
        connection.sendall(response(json.dumps({"port": connection.getpeername()[1]}).encode()))

    with server(echo) as url:
        transport = Transport(url)
        answers = transport.send([CHECK] * 16, Deadline())
    assert len({answer["port"] for answer in answers}) == 16


def test_nobody_there_and_nobody_let_in_are_told_apart() -> None:
    require_openfga()
    with openfga(token="right") as running:
        url = running.api_url
        stores = Call("GET", "/stores")
        assert Transport(url, "right").send([stores], Deadline())[0]["stores"] == []
        for token in ("", "wrong"):
            with pytest.raises(NotAllowed) as caught:
                Transport(url, token).send([stores], Deadline())
            assert not token or token not in str(caught.value)
    with pytest.raises(NotSent):
        Transport(url).send([CHECK], Deadline())


def test_a_real_stream_of_thousands_comes_whole(openfga_server: OpenFGA, transport: Transport) -> None:
    (store,) = transport.send([Call("POST", "/stores", {"name": "stream"}, status=201)], Deadline())
    path = f"/stores/{store['id']}"
    model = {
        "schema_version": "1.1",
        "type_definitions": [
            {"type": "user"},
            {
                "type": "file",
                "relations": {"viewer": {"this": {}}},
                "metadata": {"relations": {"viewer": {"directly_related_user_types": [{"type": "user"}]}}},
            },
        ],
    }
    transport.send([Call("POST", f"{path}/authorization-models", model, status=201)], Deadline())
    for start in range(0, 3000, 100):
        keys = [{"user": "user:a", "relation": "viewer", "object": f"file:{start + i}"} for i in range(100)]
        transport.send([Call("POST", f"{path}/write", {"writes": {"tuple_keys": keys}})], Deadline())
    question = {"user": "user:a", "relation": "viewer", "type": "file"}
    (lines,) = transport.send([Call("POST", f"{path}/streamed-list-objects", question, streamed=True)], Deadline())
    assert len({line["object"] for line in lines}) == 3000
