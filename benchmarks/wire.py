"""The cheapest HTTP client there is, so that the client's own cost hides little: sockets, sendfile, one connection."""

from __future__ import annotations

import hashlib
import http.client
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_BUFFER = 1 << 20


class UnexpectedAnswer(Exception):
    """A server answered something else than success: the measurement is void."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Host, port and path of a URL."""

    host: str
    port: int
    path: str


def endpoint(url: str) -> Endpoint:
    """The parts of ``url``."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return Endpoint(parts.hostname or "", parts.port or 80, path or "/")


def put_file(url: str, path: Path, headers: Mapping[str, str] | None = None) -> None:
    """PUT a file by sendfile on a new connection. Raises ``UnexpectedAnswer``."""
    target, size = endpoint(url), path.stat().st_size
    with socket.create_connection((target.host, target.port)) as connection, path.open("rb") as file:
        every = {"Host": f"{target.host}:{target.port}", "Content-Length": str(size), **(headers or {})}
        lines = "".join(f"{name}: {value}\r\n" for name, value in every.items())
        connection.sendall(f"PUT {target.path} HTTP/1.1\r\n{lines}\r\n".encode())
        offset = 0
        while offset < size:
            offset += os.sendfile(connection.fileno(), file.fileno(), offset, size - offset)
        response = http.client.HTTPResponse(connection, method="PUT")
        response.begin()
        body = response.read()
        if response.status not in (200, 201, 204):
            raise UnexpectedAnswer(f"PUT: {response.status} {body[:200]!r}")


def get_bytes(url: str, *, digest: bool = False) -> tuple[int, str]:
    """GET and throw away: the number of bytes, and their SHA-256 when asked for. Raises ``UnexpectedAnswer``."""
    target = endpoint(url)
    hasher = hashlib.sha256()
    with socket.create_connection((target.host, target.port)) as connection:
        connection.sendall(f"GET {target.path} HTTP/1.1\r\nHost: {target.host}:{target.port}\r\n\r\n".encode())
        response = http.client.HTTPResponse(connection, method="GET")
        response.begin()
        if response.status != 200:
            raise UnexpectedAnswer(f"GET: {response.status} {response.read()[:200]!r}")
        expected, received = int(response.headers["Content-Length"]), 0
        buffer = memoryview(bytearray(_BUFFER))
        while received < expected:
            count = response.readinto(buffer)
            if not count:
                raise UnexpectedAnswer(f"GET: {received} of {expected} bytes")
            received += count
            if digest:
                hasher.update(buffer[:count])
        return received, hasher.hexdigest() if digest else ""


class KeepAlive:
    """One connection that is used again and again. Not for several threads."""

    def __init__(self, url: str) -> None:
        target = endpoint(url)
        self._connection = http.client.HTTPConnection(target.host, target.port)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def request(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        """The body of a successful answer. Raises ``UnexpectedAnswer``."""
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        content = response.read()
        if response.status not in (200, 201, 204):
            raise UnexpectedAnswer(f"{method}: {response.status} {content[:300]!r}")
        return content

    def close(self) -> None:
        """Close it."""
        self._connection.close()
