from __future__ import annotations

import asyncio
import base64
import errno
import hashlib
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from authz.services import relationships
from authz.types import TupleKey
from storage.backends.local import LocalWriter
from storage.models import Drive, Upload, UploadState
from storage.services import uploads
from storage.services.uploads import receive
from tests.components.asgi_client import GONE, exchanged
from tests.transfer.conftest import Plane, Stranger
from transfer.conf import BLOCK

CONTENT = b"All happy files are alike.\n" * 100
SHA256 = hashlib.sha256(CONTENT).hexdigest()
LONG = [b"x" * 50_000] * 100


def pieces(content: bytes, size: int = 100_000) -> Iterator[bytes]:
    """What a network makes of a body."""
    return (content[start : start + size] for start in range(0, len(content), size))


def test_a_put_stores_the_bytes_and_tells_their_hash(plane: Plane) -> None:
    upload_id, path = plane.begin(len(CONTENT), sha256=SHA256)
    answer = plane.put(path, CONTENT)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["etag"] == f'"{SHA256}"'
    assert answer.headers["repr-digest"] == f"sha-256=:{base64.b64encode(bytes.fromhex(SHA256)).decode()}:"
    file = plane.finalize(upload_id)
    assert (file.size, file.sha256, file.content_type) == (len(CONTENT), SHA256, "text/plain")


def sf(content: bytes, algorithm: str = "sha256") -> str:
    """A digest as RFC 9530 writes it."""
    return f":{base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}:"


@pytest.mark.parametrize("header", ["repr_digest", "content_digest"])
def test_a_hash_in_a_header_is_held_against_the_bytes(plane: Plane, header: str) -> None:
    _, path = plane.begin(len(CONTENT))
    for wrong in (f"sha-256={sf(b'other')}", f"sha-256=:AAAA:, sha-512={sf(CONTENT, 'sha512')}"):
        answer = plane.put(path, CONTENT, **{header: wrong})
        assert (answer.status, answer.code) == (400, "CHECKSUM_MISMATCH")
        assert plane.ask("HEAD", path).headers["upload-state"] == "open", "the bytes may come better the next time"
    assert plane.put(path, CONTENT, **{header: f"md5=:AAAA:, sha-256={sf(CONTENT)};q=1"}).status == 204


def test_a_hash_in_a_header_that_nobody_knows_is_left_alone(plane: Plane) -> None:
    for headers in (
        {"repr_digest": "sha-512=:AAAA:, id-sha-256=:AAAA:"},
        {"digest": "SHA-256=AAAA", "content_digest": ""},
    ):
        _, path = plane.begin(len(CONTENT))
        assert plane.put(path, CONTENT, **headers).status == 204


@pytest.mark.parametrize(
    "value", ["sha-256", "sha-256=1", 'sha-256="AAAA"', "sha-256=:A:", "sha-256=:A A=:", "SHA-256=x"]
)
def test_a_hash_in_a_header_that_cannot_be_read(plane: Plane, value: str) -> None:
    _, path = plane.begin(len(CONTENT))
    answer = plane.put(path, LONG, content_length=str(len(CONTENT)), content_digest=value)
    assert (answer.status, answer.code, answer.asked_for) == (400, "BAD_REQUEST", 0)


def test_a_large_body_in_many_messages(plane: Plane) -> None:
    content = os.urandom(5 * BLOCK + 12345)
    upload_id, path = plane.begin(len(content), name="noise.bin")
    answer = plane.put(path, pieces(content), content_length=str(len(content)))
    assert answer.status == 204
    assert plane.finalize(upload_id).sha256 == hashlib.sha256(content).hexdigest()


def test_an_empty_file(plane: Plane) -> None:
    upload_id, path = plane.begin(0)
    assert plane.put(path, b"").status == 204
    assert plane.finalize(upload_id).size == 0


def test_the_name_helps_to_tell_the_type(plane: Plane) -> None:
    assert plane.store(b"a,b\n1,2\n", name="table.csv").content_type == "text/csv"


def test_head_tells_how_far_the_upload_is(plane: Plane) -> None:
    _, path = plane.begin(len(CONTENT))
    before = plane.ask("HEAD", path)
    assert (before.status, before.body) == (200, b"")
    told = [before.headers[name] for name in ("upload-offset", "upload-length", "upload-state")]
    assert told == ["0", "2700", "open"]
    plane.put(path, CONTENT)
    after = plane.ask("HEAD", path)
    assert [after.headers[name] for name in ("upload-offset", "upload-state")] == ["2700", "verifying"]
    assert after.headers["cache-control"] == "no-store"


# What is refused is refused before a byte is read, and the answer does not wait for the body.


@pytest.mark.parametrize("size", [len(CONTENT) - 1, len(CONTENT) + 1, 10**15])
def test_another_length_than_declared(plane: Plane, size: int) -> None:
    _, path = plane.begin(len(CONTENT))
    answer = plane.put(path, LONG, content_length=str(size))
    assert (answer.status, answer.code, answer.asked_for) == (400, "SIZE_MISMATCH", 0)


@pytest.mark.parametrize("headers", [{}, {"transfer_encoding": "chunked"}])
def test_no_length(plane: Plane, headers: dict[str, str]) -> None:
    _, path = plane.begin(len(CONTENT))
    answer = plane.put(path, LONG, **headers)
    assert (answer.status, answer.code, answer.asked_for) == (411, "LENGTH_REQUIRED", 0)


@pytest.mark.parametrize("length", ["", "-1", "1e3", "2700, 2701", "9" * 5000])
def test_a_length_that_is_none(plane: Plane, length: str) -> None:
    _, path = plane.begin(len(CONTENT))
    answer = plane.put(path, LONG, content_length=length)
    assert (answer.status, answer.code, answer.asked_for) == (400, "BAD_REQUEST", 0)


def test_a_part_of_a_file(plane: Plane) -> None:
    _, path = plane.begin(len(CONTENT))
    answer = plane.put(path, CONTENT, content_range="bytes 0-2699/5400")
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("token", ["x", "x" * 5000, "%00", "ü", "..", "a.b"])
def test_a_token_that_is_none(stranger: Stranger, token: str) -> None:
    answer = stranger.ask("PUT", f"/u/{token}", body=LONG, headers={"content-length": "5000000"})
    assert (answer.status, answer.code, answer.asked_for) == (403, "INVALID_TOKEN", 0)


def test_a_download_token(plane: Plane) -> None:
    token = plane.link(plane.store(CONTENT)).split("/")[2]
    answer = plane.put(f"/u/{token}", CONTENT)
    assert (answer.status, answer.code) == (403, "INVALID_TOKEN")


def test_a_token_whose_time_is_over(plane: Plane) -> None:
    _, path = plane.begin(len(CONTENT))
    plane.later(366 * 86400)
    answer = plane.put(path, LONG, content_length=str(len(CONTENT)))
    assert (answer.status, answer.code, answer.asked_for) == (403, "TOKEN_EXPIRED", 0)


def test_a_token_of_an_upload_that_is_gone(plane: Plane) -> None:
    upload_id, path = plane.begin(len(CONTENT))
    Upload.objects.filter(id=upload_id).delete()
    Drive.objects.update(reserved_bytes=0)
    assert plane.put(path, CONTENT).status == 403
    assert plane.ask("HEAD", path).status == 404


def test_a_right_that_was_taken_back(plane: Plane) -> None:
    _, path = plane.begin(len(CONTENT))
    owner = f"user:{plane.owner.id}"
    relationships.write(
        deletes=[TupleKey(owner, "owner", f"drive:{plane.drive.id}"), TupleKey(owner, "admin", "organization:default")]
    )
    answer = plane.put(path, LONG, content_length=str(len(CONTENT)))
    assert (answer.status, answer.code, answer.asked_for) == (404, "NOT_FOUND", 0)


def test_of_a_refused_body_64_kib_are_read_at_most_and_the_connection_ends(stranger: Stranger) -> None:
    answer = stranger.ask("PUT", "/u/x", body=LONG, headers={"content-length": "5000000"})
    assert answer.headers["connection"] == "close"
    assert answer.complete
    assert answer.taken <= 64 * 1024 + 50_000


def test_a_short_refused_body_does_not_end_the_connection(stranger: Stranger) -> None:
    answer = stranger.ask("PUT", "/u/x", body=CONTENT)
    assert "connection" not in answer.headers


# An upload URL is good for one arrival of the right bytes.


def test_the_same_put_again(plane: Plane) -> None:
    upload_id, path = plane.begin(len(CONTENT))
    plane.put(path, CONTENT)
    again = plane.put(path, CONTENT[::-1])
    assert (again.status, again.code) == (409, "UPLOAD_ALREADY_RECEIVED")
    assert plane.finalize(upload_id).sha256 == SHA256
    assert plane.put(path, CONTENT[::-1]).code == "UPLOAD_ALREADY_RECEIVED"


def test_other_bytes_than_declared_end_the_upload(plane: Plane) -> None:
    _, path = plane.begin(len(CONTENT), sha256=SHA256)
    answer = plane.put(path, CONTENT[::-1])
    assert (answer.status, answer.code) == (400, "CHECKSUM_MISMATCH")
    assert list(plane.backend.keys()) == []
    assert plane.put(path, CONTENT).code == "UPLOAD_FAILED"


def test_an_aborted_upload(plane: Plane) -> None:
    upload_id, path = plane.begin(len(CONTENT))
    uploads.abort(plane.actor, upload_id, now=plane.now)
    answer = plane.put(path, CONTENT)
    assert (answer.status, answer.code) == (410, "UPLOAD_ABORTED")


# What breaks off can be sent again.


def test_a_client_that_leaves(plane: Plane) -> None:
    upload_id, path = plane.begin(len(CONTENT))
    answer = plane.put(path, [CONTENT[:100], GONE], content_length=str(len(CONTENT)))
    assert answer.status == 0
    assert Upload.objects.get(id=upload_id).state == UploadState.OPEN
    assert list(plane.backend.keys()) == []
    assert plane.put(path, CONTENT).status == 204


@pytest.mark.parametrize("sent", [CONTENT[:-1], CONTENT + b"!"])
def test_a_server_that_passes_on_another_length(plane: Plane, sent: bytes) -> None:
    _, path = plane.begin(len(CONTENT))
    answer = plane.put(path, sent, content_length=str(len(CONTENT)))
    assert (answer.status, answer.code) == (400, "SIZE_MISMATCH")
    assert list(plane.backend.keys()) == []
    assert plane.put(path, CONTENT).status == 204


def test_a_body_that_stalls(plane: Plane) -> None:
    plane.configure(idle_timeout=0.05)
    _, path = plane.begin(len(CONTENT))
    answer = plane.put(path, [CONTENT[:100], 0.5, CONTENT[100:]], content_length=str(len(CONTENT)))
    assert (answer.status, answer.code) == (408, "BODY_TOO_SLOW")
    assert answer.error["retryable"] is True
    assert plane.put(path, CONTENT).status == 204


def test_a_newer_put_takes_over(plane: Plane) -> None:
    upload_id, path = plane.begin(len(CONTENT))

    async def newer() -> None:
        assert (await exchanged(plane.app, "PUT", path, body=CONTENT)).status == 204

    older = plane.put(path, [b"x" * 100, newer, b"y" * (len(CONTENT) - 100)], content_length=str(len(CONTENT)))
    assert (older.status, older.code) == (409, "UPLOAD_SUPERSEDED")
    assert plane.finalize(upload_id).sha256 == SHA256


def test_a_newer_put_that_is_still_under_way_keeps_the_upload(plane: Plane) -> None:
    upload_id, path = plane.begin(len(CONTENT))

    async def newer_begins() -> None:
        await plane.threads.run(lambda: receive.start(path[3:], content_length=None, now=plane.now))

    older = plane.put(path, [b"x" * 100, newer_begins, CONTENT[100:]], content_length=str(len(CONTENT)))
    assert (older.status, older.code) == (409, "UPLOAD_SUPERSEDED")
    assert Upload.objects.get(id=upload_id).state == UploadState.RECEIVING


def test_a_full_store(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_fd: int, _data: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    _, path = plane.begin(len(CONTENT))
    with monkeypatch.context() as patched:
        patched.setattr("storage.backends.local.os.write", full)
        answer = plane.put(path, CONTENT)
    assert (answer.status, answer.code) == (507, "BACKEND_FULL")
    assert plane.put(path, CONTENT).status == 204


def test_a_store_that_fails_at_the_very_end(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    upload_id, path = plane.begin(len(CONTENT))
    with monkeypatch.context() as patched:
        patched.setattr("storage.backends.local.os.fsync", broken)
        answer = plane.put(path, CONTENT)
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "BACKEND_UNAVAILABLE", "5")
    assert Upload.objects.get(id=upload_id).state == UploadState.OPEN
    assert plane.put(path, CONTENT).status == 204


@pytest.mark.parametrize(("step", "status"), [("commit", 204), ("abort", 0)])
def test_the_store_is_waited_for_without_a_database_thread(
    plane: Plane, monkeypatch: pytest.MonkeyPatch, step: str, status: int
) -> None:
    names: list[str] = []
    really = getattr(LocalWriter, step)

    def watched(writer: LocalWriter) -> None:
        if writer._fd is not None:
            names.append(threading.current_thread().name)
        really(writer)

    monkeypatch.setattr(LocalWriter, step, watched)
    _, path = plane.begin(len(CONTENT))
    body = [CONTENT] if status else [CONTENT[:100], GONE]
    assert plane.put(path, body, content_length=str(len(CONTENT))).status == status
    assert [name.rpartition("_")[0] for name in names] == ["filegraph-file"]


@pytest.mark.parametrize("broken", ["storage.services.uploads.states.receive", "storage.content.sniff"])
def test_what_nobody_expected_leaves_the_upload_open(
    plane: Plane, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("something secret")

    aborted: list[LocalWriter] = []
    really_abort = LocalWriter.abort

    def abort(writer: LocalWriter) -> None:
        aborted.append(writer)
        really_abort(writer)

    upload_id, path = plane.begin(len(CONTENT))
    with monkeypatch.context() as patched:
        patched.setattr(broken, fail)
        patched.setattr(LocalWriter, "abort", abort)
        answer = plane.put(path, CONTENT)
    assert (answer.status, answer.code) == (500, "INTERNAL_ERROR")
    assert b"secret" not in answer.body
    assert aborted
    assert Upload.objects.get(id=upload_id).state == UploadState.OPEN
    (record,) = [record for record in caplog.records if record.name == "filegraph.transfer"]
    assert answer.error["requestId"] in record.getMessage()
    assert path[3:] not in caplog.text
    assert plane.put(path, CONTENT).status == 204


def test_a_put_that_ends_while_it_is_let_in_gives_the_upload_back(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the server stops: a thread is not cancelled, so what it opens is there with nobody waiting for it."""
    _, path = plane.begin(len(CONTENT))
    start, let_in, answer = receive.start, threading.Event(), threading.Event()

    def slow(*asked: Any, **more: Any) -> receive.Receiving:
        attempt = start(*asked, **more)
        let_in.set()
        answer.wait(10)
        return attempt

    async def cancelled() -> None:
        putting = asyncio.ensure_future(exchanged(plane.app, "PUT", path, body=CONTENT))
        await asyncio.to_thread(let_in.wait, 10)
        putting.cancel()
        answer.set()
        with pytest.raises(asyncio.CancelledError):
            await putting

    monkeypatch.setattr(receive, "start", slow)
    asyncio.run(cancelled())
    monkeypatch.undo()
    assert plane.ask("HEAD", path).headers["upload-state"] == "open"
    assert list(plane.backend.keys()) == []
