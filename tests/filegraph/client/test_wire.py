"""The byte plane's client against a server that breaks connections, forgets ranges and sends other bytes."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from filegraph.client.errors import CommandError, NotFoundOrDenied, Refused, ServerUnreachable
from filegraph.client.wire import Carrier, DamagedDownload, LocalFileChanged, PutTarget
from storage.backends.s3.backend import S3Backend
from tests.components.seaweedfs import SeaweedFS

CONTENT = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class FaultyHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faults: list[str]
    received: bytes
    requests: list[str]

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        kind, start = type(self), 0
        kind.requests.append(self.headers.get("range", ""))
        fault = kind.faults.pop(0) if kind.faults else ""
        content = CONTENT[::-1] if fault == "other bytes" else CONTENT
        if fault == "denied":
            self._refuse(404, "NOT_FOUND", retryable=False)
            return
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("range", ""))
        if asked and fault != "no ranges":
            start = int(asked.group(1))
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        body = content[start:]
        self.wfile.write(body[: len(body) // 2] if fault == "cut" else body)
        self.close_connection = fault == "cut"

    def do_HEAD(self) -> None:
        kind = type(self)
        kind.requests.append("HEAD")
        self.send_response(200)
        self.send_header("Upload-State", "VERIFYING" if len(kind.received) == len(CONTENT) else "OPEN")
        self.end_headers()

    def do_PUT(self) -> None:
        kind = type(self)
        kind.requests.append("PUT")
        fault = kind.faults.pop(0) if kind.faults else ""
        if fault == "spent":
            self._refuse(409, "UPLOAD_ALREADY_RECEIVED", retryable=False)
            return
        if fault == "full":
            self._refuse(507, "BACKEND_FULL", retryable=True)
            return
        if fault == "wrong":
            self._refuse(400, "CHECKSUM_MISMATCH", retryable=False)
            return
        length = int(self.headers["Content-Length"])
        assert "authorization" not in self.headers
        if fault == "cut":
            self.rfile.read(length // 2)
            self.close_connection = True
            return
        kind.received = self.rfile.read(length)
        if fault == "lost answer":
            self.close_connection = True
            return
        self.send_response(204)
        self.end_headers()

    def _refuse(self, status: int, code: str, *, retryable: bool) -> None:
        body = json.dumps({"error": {"code": code, "message": "No.", "retryable": retryable}}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True


@pytest.fixture
def faulty() -> Iterator[tuple[str, type[FaultyHandler]]]:
    handler = type("Handler", (FaultyHandler,), {"faults": [], "received": b"", "requests": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/x", handler
        server.shutdown()
        thread.join()


@pytest.fixture
def carrier() -> Iterator[Carrier]:
    with httpx.Client(trust_env=False, timeout=10) as http:
        yield Carrier(http, pauses=(0.01, 0.01, 0.01))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(CONTENT)
    return path


Faulty = tuple[str, type[FaultyHandler]]


@pytest.mark.parametrize(
    ("faults", "requests"),
    [
        ([], ["PUT"]),
        (["cut"], ["PUT", "HEAD", "PUT"]),
        (["cut", "cut", "full"], ["PUT", "HEAD", "PUT", "HEAD", "PUT", "HEAD", "PUT"]),
        (["lost answer"], ["PUT", "HEAD"]),
        (["cut", "spent"], ["PUT", "HEAD", "PUT"]),
    ],
)
def test_put_until_the_bytes_are_there(
    faulty: Faulty, carrier: Carrier, source: Path, faults: list[str], requests: list[str]
) -> None:
    url, handler = faulty
    handler.faults = list(faults)
    moved: list[int] = []
    carrier.put(PutTarget(url, "PUT", (("X-Test", "1"),)), source, len(CONTENT), moved.append)
    assert handler.requests == requests
    if "spent" not in faults:
        assert handler.received == CONTENT
        assert sum(moved) == len(CONTENT)


def test_a_refused_put_is_not_tried_again(faulty: Faulty, carrier: Carrier, source: Path) -> None:
    url, handler = faulty
    handler.faults = ["wrong"]
    with pytest.raises(Refused) as caught:
        carrier.put(PutTarget(url, "PUT", ()), source, len(CONTENT), lambda _: None)
    assert caught.value.code == "CHECKSUM_MISMATCH"
    assert handler.requests == ["PUT"]


def test_put_gives_up(faulty: Faulty, carrier: Carrier, source: Path) -> None:
    url, handler = faulty
    handler.faults = ["cut"] * 9
    moved: list[int] = []
    with pytest.raises(ServerUnreachable):
        carrier.put(PutTarget(url, "PUT", ()), source, len(CONTENT), moved.append)
    assert handler.requests.count("PUT") == 4
    assert sum(moved) == 0


def test_a_file_that_shrinks_is_not_sent(faulty: Faulty, carrier: Carrier, source: Path) -> None:
    with pytest.raises(LocalFileChanged):
        carrier.put(PutTarget(faulty[0], "PUT", ()), source, len(CONTENT) + 1, lambda _: None)


@pytest.mark.parametrize(
    ("faults", "ranges"),
    [
        ([], [""]),
        (["cut"], ["", f"bytes={len(CONTENT) // 2}-"]),
        (["cut", "cut"], ["", f"bytes={len(CONTENT) // 2}-", f"bytes={len(CONTENT) * 3 // 4}-"]),
        (["cut", "no ranges"], ["", f"bytes={len(CONTENT) // 2}-"]),
        (["other bytes"], ["", ""]),
    ],
)
def test_get_until_the_bytes_are_right(
    faulty: Faulty, carrier: Carrier, tmp_path: Path, faults: list[str], ranges: list[str]
) -> None:
    url, handler = faulty
    handler.faults = list(faults)
    moved: list[int] = []
    carrier.get(url, tmp_path / "x.part", len(CONTENT), SHA256, moved.append)
    assert (tmp_path / "x.part").read_bytes() == CONTENT
    assert handler.requests == ranges
    assert sum(moved) == len(CONTENT)


@pytest.mark.parametrize("start", [b"", CONTENT[:1000], b"wrong", CONTENT, CONTENT + b"more", CONTENT[::-1]])
def test_get_goes_on_from_what_is_there(faulty: Faulty, carrier: Carrier, tmp_path: Path, start: bytes) -> None:
    part = tmp_path / "x.part"
    part.write_bytes(start)
    carrier.get(faulty[0], part, len(CONTENT), SHA256, lambda _: None)
    assert part.read_bytes() == CONTENT


def test_wrong_bytes_are_never_accepted(faulty: Faulty, carrier: Carrier, tmp_path: Path) -> None:
    url, handler = faulty
    handler.faults = ["other bytes"] * 9
    with pytest.raises(DamagedDownload):
        carrier.get(url, tmp_path / "x.part", len(CONTENT), SHA256, lambda _: None)
    assert (tmp_path / "x.part").read_bytes() == b""


def test_a_link_that_is_gone(faulty: Faulty, carrier: Carrier, tmp_path: Path) -> None:
    url, handler = faulty
    handler.faults = ["denied"]
    with pytest.raises(NotFoundOrDenied):
        carrier.get(url, tmp_path / "x.part", len(CONTENT), SHA256, lambda _: None)


def to_store(url: str, seaweed: SeaweedFS, *, expires_in: int = 60) -> PutTarget:
    """A link as the server makes it: for these bytes, once."""
    made = S3Backend(backend_config=seaweed.config()).presigned_put(
        url, size=len(CONTENT), sha256=SHA256, expires_in=expires_in, now=datetime.now(UTC)
    )
    assert made is not None
    return PutTarget(made.url, made.method, tuple(made.headers.items()))


def test_a_store_that_has_the_bytes_already(seaweed: SeaweedFS, carrier: Carrier, source: Path) -> None:
    """The answer to the first PUT got lost: the second one is refused by its own condition, and all is well."""
    target = to_store(f"wire/{uuid4().hex}", seaweed)
    for _ in range(2):
        carrier.put(target, source, len(CONTENT), lambda _: None)


def test_a_refusal_of_a_store_is_told_as_the_end_of_a_link(
    seaweed: SeaweedFS, carrier: Carrier, source: Path, tmp_path: Path
) -> None:
    key = f"wire/{uuid4().hex}"
    carrier.put(to_store(key, seaweed), source, len(CONTENT), lambda _: None)
    backend = S3Backend(backend_config=seaweed.config())
    for age, ended in ((0, False), (61, True)):
        link = backend.presigned_get(key, expires_in=60, now=datetime.now(UTC) - timedelta(seconds=age))
        assert link is not None
        if not ended:
            carrier.get(link.url, tmp_path / "x.part", len(CONTENT), SHA256, lambda _: None)
            assert (tmp_path / "x.part").read_bytes() == CONTENT
            continue
        with pytest.raises(CommandError) as caught:
            carrier.get(link.url, tmp_path / "y.part", len(CONTENT), SHA256, lambda _: None)
        assert caught.value.code == "TOKEN_EXPIRED"


def test_a_broken_download_from_a_store_goes_on(
    seaweed: SeaweedFS, carrier: Carrier, source: Path, tmp_path: Path
) -> None:
    key = f"wire/{uuid4().hex}"
    carrier.put(to_store(key, seaweed), source, len(CONTENT), lambda _: None)
    link = S3Backend(backend_config=seaweed.config()).presigned_get(key, expires_in=60, now=datetime.now(UTC))
    assert link is not None
    part = tmp_path / "x.part"
    part.write_bytes(CONTENT[:1000])
    carrier.get(link.url, part, len(CONTENT), SHA256, lambda _: None)
    assert part.read_bytes() == CONTENT
