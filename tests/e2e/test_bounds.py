"""What anybody may send to the running server without being known to it, and what it costs the server."""

from __future__ import annotations

import contextlib
import socket
import time
from pathlib import Path

import pytest

from tests.components.server import Server

HUGE = 10 << 30


def send(server: Server, head: str, *, most: int = 64 << 20, seconds: float = 5) -> tuple[bytes, int]:
    """Send a head and a body that does not end; the answer, and how many bytes of the body the server let through."""
    sent = 0
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as client:
        client.sendall(head.replace("\n", "\r\n").encode())
        client.setblocking(False)
        deadline = time.monotonic() + seconds
        with contextlib.suppress(ConnectionError):
            while sent < most and time.monotonic() < deadline:
                with contextlib.suppress(BlockingIOError):
                    sent += client.send(b"a" * 65536)
                with contextlib.suppress(BlockingIOError):
                    piece = client.recv(65536)
                    if not piece:
                        break
                    answer += piece
    return answer, sent


def spooled(server: Server) -> int:
    """Bytes in files that the server has open and nobody sees: what a request was written to."""
    total = 0
    for link in Path(f"/proc/{server.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if "(deleted)" in str(link.readlink()):
                total += link.stat().st_size
    return total


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("POST /", 405),
        ("GET /", 413),
        ("POST /absent", 404),
        ("PUT /admin/login/", 413),
        ("POST /static/x", 405),
        ("PUT /graphql", 405),
        ("POST /graphql", 415),
        ("POST /healthz", 405),
        ("PUT /u/forged", 403),
        ("POST /d/forged", 405),
    ],
)
def test_a_body_of_ten_gigabytes(server: Server, line: str, status: int) -> None:
    answer, sent = send(server, f"{line} HTTP/1.1\nHost: 127.0.0.1\nContent-Length: {HUGE}\n\n")
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"connection: close" in answer
    # Most of it stands in the kernel's buffers; the server reads a fraction.
    assert sent < 32 << 20
    assert spooled(server) == 0


def test_headers_without_end(server: Server) -> None:
    answer, sent = send(server, "GET / HTTP/1.1\nHost: 127.0.0.1\nX: ")
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert sent < 32 << 20


def test_no_token_is_in_the_log(server: Server) -> None:
    secret = "s3cret-t0ken"
    for path in (f"//u/{secret}", f"/x/u/{secret}", f"/u/{secret}", f"/d/{secret}/x", f"/admin/{secret}/"):
        for method in ("PUT", "GET", "POST"):
            head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
            with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
                client.sendall(head.encode())
                assert client.recv(65536).startswith(b"HTTP/1.1 ")
    assert secret not in server.log.read_text(errors="replace")
