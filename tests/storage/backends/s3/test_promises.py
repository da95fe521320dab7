"""A store that allows more than a link says is found out; a real one is tried in ``test_backend``."""

import threading
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from storage.backends.s3 import promises
from storage.backends.s3.backend import S3Backend
from storage.errors import BackendUnavailable

STRICT = [400, 403, 403, 403, 403, 403, 200, 412]
"""What a store that keeps its promises answers to the PUTs of ``verify``, in their order."""
CHECKSUM = b64encode(sha256(promises._DATA).digest()).decode()


class LaxStore(BaseHTTPRequestHandler):
    """Answers each PUT by a link with the next of ``answers``, and a HEAD with ``checksum``."""

    protocol_version = "HTTP/1.1"
    answers: list[int]
    checksum: str
    deleted: list[str]

    def log_message(self, *_: object) -> None:
        pass

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(type(self).answers.pop(0) if "X-Amz-Signature" in self.path else 200)

    def do_GET(self) -> None:
        listing = "list-type" in self.path or "uploads" in self.path
        self._answer(200, b"<ListBucketResult/>" if listing else promises._DATA)

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(promises._DATA)))
        self.send_header("Last-Modified", "Fri, 01 May 2026 12:00:00 GMT")
        if type(self).checksum:
            self.send_header("x-amz-checksum-sha256", type(self).checksum)
        self.end_headers()

    def do_DELETE(self) -> None:
        type(self).deleted.append(self.path)
        self._answer(204)

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def lax() -> Iterator[tuple[S3Backend, type[LaxStore]]]:
    handler = type("Handler", (LaxStore,), {"answers": list(STRICT), "checksum": CHECKSUM, "deleted": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        config = {
            "bucket": "files",
            "endpoint_url": f"http://127.0.0.1:{server.server_address[1]}",
            "region": "us-east-1",
            "addressing_style": "path",
            "access_key_id": "A",
            "secret_access_key": "s",
        }
        yield S3Backend(backend_config=config), handler
        server.shutdown()
        thread.join()


def test_a_store_that_keeps_its_promises(lax: tuple[S3Backend, type[LaxStore]]) -> None:
    backend, store = lax
    backend.verify(now=datetime.now(UTC))
    assert store.answers == []
    assert len(set(store.deleted)) == 2


@pytest.mark.parametrize(
    ("at", "status", "reason"),
    [
        (0, 200, "allows other bytes"),
        (1, 200, "allows other bytes"),
        (2, 200, "allows other bytes"),
        (3, 200, "allows another length"),
        (4, 200, "allows another type"),
        (5, 200, "allows overwriting"),
        (6, 403, "refuses a signed PUT"),
        (7, 200, "allows a second PUT"),
    ],
)
def test_each_broken_promise_is_named(lax: tuple[S3Backend, type[LaxStore]], at: int, status: int, reason: str) -> None:
    backend, store = lax
    store.answers[at] = status
    with pytest.raises(BackendUnavailable) as caught:
        backend.verify(now=datetime.now(UTC))
    assert reason in caught.value.reason
    assert caught.value.setting == "direct"
    assert len(set(store.deleted)) == 2


@pytest.mark.parametrize("checksum", ["", b64encode(bytes(32)).decode(), CHECKSUM + "-1"])
def test_a_store_that_does_not_prove_its_bytes(lax: tuple[S3Backend, type[LaxStore]], checksum: str) -> None:
    backend, store = lax
    store.checksum = checksum
    with pytest.raises(BackendUnavailable, match="cannot be reached") as caught:
        backend.verify(now=datetime.now(UTC))
    assert "does not tell the SHA-256" in caught.value.reason


def test_where_all_bytes_pass_through_us_nothing_has_to_be_promised(
    lax: tuple[S3Backend, type[LaxStore]],
) -> None:
    backend, store = lax
    S3Backend(backend_config={**backend.config, "direct": False}).verify(now=datetime.now(UTC))
    assert store.answers == STRICT
