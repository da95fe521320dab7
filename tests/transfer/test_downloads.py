from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from authz.types import Actor
from storage.backends.local import LocalReader
from storage.models import Blob, File, NodeKind, NodeRef
from storage.permissions import Role
from storage.services import downloads, sharing, trash
from storage.services.downloads import Disposition
from tests.components.asgi_client import GONE, exchanged
from tests.transfer.conftest import Plane
from transfer.conf import BLOCK

CONTENT = b"0123456789"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 50
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>'


@pytest.fixture
def file(plane: Plane) -> File:
    return plane.store(CONTENT, name="Übung 1.txt")


@pytest.fixture
def path(plane: Plane, file: File) -> str:
    return plane.link(file)


def test_the_whole_file(plane: Plane, path: str) -> None:
    answer = plane.get(path)
    assert (answer.status, answer.body, answer.complete) == (200, CONTENT, True)
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    assert answer.headers == {
        "etag": f'"{sha256}"',
        "repr-digest": f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:",
        "last-modified": "Fri, 02 Jan 2026 03:04:05 GMT",
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "content-type": "text/plain; charset=utf-8",
        "content-disposition": "attachment; filename=\"_bung 1.txt\"; filename*=UTF-8''%C3%9Cbung%201.txt",
        "content-security-policy": "sandbox; default-src 'none'",
        "cross-origin-resource-policy": "same-site",
        "content-length": "10",
    }


def test_the_name_in_the_path_is_for_people(plane: Plane, path: str) -> None:
    token = path.split("/")[2]
    for other in (f"/d/{token}", f"/d/{token}/", f"/d/{token}/other/name.exe"):
        answer = plane.get(other)
        assert (answer.status, answer.body) == (200, CONTENT)
        assert "_bung" in answer.headers["content-disposition"]


def test_head_is_get_without_the_bytes(plane: Plane, path: str) -> None:
    whole, head = plane.get(path), plane.ask("HEAD", path, headers={"range": "bytes=2-4"})
    assert (head.status, head.body) == (200, b"")
    assert head.headers == whole.headers


@pytest.mark.parametrize(
    ("asked", "body", "content_range"),
    [
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
    ],
)
def test_a_range(plane: Plane, path: str, asked: str, body: bytes, content_range: str) -> None:
    answer = plane.get(path, range=asked)
    assert (answer.status, answer.body, answer.headers["content-range"]) == (206, body, content_range)
    assert answer.headers["content-length"] == str(len(body))
    assert answer.headers["etag"] == plane.get(path).headers["etag"]


@pytest.mark.parametrize("asked", ["bytes=1-2,4-5", "bytes=4-2", "lines=1-2", "nonsense"])
def test_a_range_that_is_ignored(plane: Plane, path: str, asked: str) -> None:
    answer = plane.get(path, range=asked)
    assert (answer.status, answer.body) == (200, CONTENT)
    assert "content-range" not in answer.headers


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=-0"])
def test_a_range_beyond_the_end(plane: Plane, path: str, asked: str) -> None:
    answer = plane.get(path, range=asked)
    assert (answer.status, answer.code, answer.headers["content-range"]) == (416, "RANGE_NOT_SATISFIABLE", "bytes */10")


def test_if_range(plane: Plane, path: str) -> None:
    headers = plane.get(path).headers
    for validator in (headers["etag"], headers["last-modified"]):
        assert plane.get(path, range="bytes=2-4", if_range=validator).status == 206
    for validator in ('"other"', "W/" + headers["etag"], "Fri, 02 Jan 2026 03:04:06 GMT"):
        assert plane.get(path, range="bytes=2-4", if_range=validator).body == CONTENT


def test_an_unchanged_file_is_not_sent_again(plane: Plane, path: str) -> None:
    headers = plane.get(path).headers
    for condition in ({"if_none_match": headers["etag"]}, {"if_modified_since": headers["last-modified"]}):
        answer = plane.get(path, **condition)
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["etag"] == headers["etag"]
        assert "content-type" not in answer.headers


@pytest.mark.parametrize("name", ["if_match", "if_unmodified_since"])
def test_a_precondition_that_does_not_hold(plane: Plane, path: str, name: str) -> None:
    value = {"if_match": '"other"', "if_unmodified_since": "Thu, 01 Jan 2026 00:00:00 GMT"}[name]
    answer = plane.get(path, **{name: value})
    assert (answer.status, answer.code) == (412, "PRECONDITION_FAILED")


def test_an_empty_file(plane: Plane) -> None:
    path = plane.link(plane.store(b"", name="empty"))
    assert (plane.get(path).status, plane.get(path).headers["content-length"]) == (200, "0")
    assert plane.get(path, range="bytes=0-").status == 416
    assert plane.get(path, range="bytes=-5").status == 200


def test_a_large_file_in_blocks(plane: Plane) -> None:
    content = os.urandom(3 * BLOCK + 17)
    path = plane.link(plane.store(content, name="noise.bin"))
    whole = plane.get(path)
    assert whole.body == content
    assert whole.blocks == [BLOCK, BLOCK, BLOCK, 17]
    part = plane.get(path, range=f"bytes={BLOCK - 5}-{2 * BLOCK + 5}")
    assert part.body == content[BLOCK - 5 : 2 * BLOCK + 6]


# What is shown in a browser is inert; everything else is saved.


@pytest.mark.parametrize(
    ("content", "kind", "disposition", "policy"),
    [
        (PNG, "image/png", "inline", "sandbox; default-src 'none'; img-src"),
        (PDF, "application/pdf", "inline", "default-src 'none'; object-src"),
        (CONTENT, "text/plain; charset=utf-8", "inline", "sandbox; default-src 'none';"),
        (HTML, "text/html; charset=utf-8", "attachment", "sandbox; default-src 'none'"),
        (SVG, "image/svg+xml", "attachment", "sandbox; default-src 'none'"),
        (b"\x00\x01\x02", "application/octet-stream", "attachment", "sandbox; default-src 'none'"),
    ],
)
def test_inline(plane: Plane, content: bytes, kind: str, disposition: str, policy: str) -> None:
    answer = plane.get(plane.link(plane.store(content, name="x.png"), disposition=Disposition.INLINE))
    assert answer.headers["content-type"] == kind
    assert answer.headers["content-disposition"].startswith(f"{disposition};")
    assert answer.headers["content-security-policy"].startswith(policy)
    assert "script-src" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


# A link is no more than the rights of the person it was made for, now.


def test_a_link_dies_with_the_share(plane: Plane, file: File, person: Callable[[str], User]) -> None:
    guest = Actor(f"user:{person('guest').id}")
    path = plane.link(file, actor=guest)
    ref = NodeRef(NodeKind.FILE, file.id)
    assert plane.get(path).code == "NOT_FOUND"
    sharing.share(plane.actor, ref, guest, Role.VIEWER)
    assert plane.get(path).body == CONTENT
    sharing.unshare(plane.actor, ref, guest)
    gone = plane.get(path)
    assert (gone.status, gone.code) == (404, "NOT_FOUND")


def test_a_link_to_what_is_in_the_trash(plane: Plane, file: File, path: str) -> None:
    trash.trash(plane.actor, plane.owner.id, [NodeRef(NodeKind.FILE, file.id)], now=plane.now)
    assert plane.get(path).code == "NOT_FOUND"


def test_a_link_whose_time_is_over(plane: Plane, file: File) -> None:
    path = plane.link(file, expires_in=60)
    plane.later(62)
    answer = plane.get(path)
    assert (answer.status, answer.code) == (403, "TOKEN_EXPIRED")
    assert answer.headers["cache-control"] == "no-store"


def test_an_upload_token(plane: Plane) -> None:
    _, path = plane.begin(1)
    assert plane.get("/d/" + path.removeprefix("/u/") + "/x").code == "INVALID_TOKEN"


def test_a_change_of_any_character(plane: Plane, path: str) -> None:
    _, _, token, name = path.split("/")
    for position in range(len(token)):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        assert plane.get(f"/d/{changed}/{name}").code == "INVALID_TOKEN"


# When it goes wrong.


def test_bytes_that_are_missing(plane: Plane, path: str) -> None:
    for key in list(plane.backend.keys()):
        plane.backend.delete(key)
    answer = plane.get(path)
    assert (answer.status, answer.code) == (503, "BACKEND_UNAVAILABLE")


def test_a_client_that_leaves_ends_the_reading(plane: Plane) -> None:
    path = plane.link(plane.store(bytes(20 * BLOCK), name="zeros.bin"))
    answer = plane.ask("GET", path, body=[b"", 0.01, GONE], on_block=_slowly)
    assert not answer.complete
    assert len(answer.blocks) < 15


def test_a_client_that_does_not_read_is_given_up(plane: Plane) -> None:
    plane.configure(send_timeout=0.05)
    path = plane.link(plane.store(bytes(20 * BLOCK), name="zeros.bin"))
    answer = plane.ask("GET", path, on_block=_never_after_three)
    assert not answer.complete
    assert len(answer.blocks) == 3


async def _slowly(_number: int) -> None:
    await asyncio.sleep(0.02)


async def _never_after_three(number: int) -> None:
    if number >= 3:
        await asyncio.Event().wait()


def test_readers_are_closed_whatever_happens(plane: Plane, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[LocalReader] = []
    closed: list[LocalReader] = []
    really_open, really_close = LocalReader.__init__, LocalReader.close

    def open_one(reader: LocalReader, fd: int) -> None:
        opened.append(reader)
        really_open(reader, fd)

    def close_one(reader: LocalReader) -> None:
        closed.append(reader)
        really_close(reader)

    monkeypatch.setattr(LocalReader, "__init__", open_one)
    monkeypatch.setattr(LocalReader, "close", close_one)
    for headers in ({}, {"range": "bytes=99-"}, {"if_match": '"x"'}, {"if_none_match": "*"}, {"range": "bytes=1-2"}):
        plane.get(path, **headers)
    plane.ask("HEAD", path)
    # Closing is not waited for by an answer, but by the end of the threads.
    plane.configure()
    assert len(opened) == 6
    assert closed == opened


def test_a_file_that_gets_shorter_in_the_middle_is_named_in_one_line_of_the_log(
    plane: Plane, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where no server sends the file: its first block is out by then, and the client sees the connection end."""
    stored = plane.store(os.urandom(3 * BLOCK), name="noise.bin")
    path, blob = plane.link(stored), Blob.objects.get(sha256=stored.sha256)
    opened = downloads.open

    def cut(token: str, **more: Any) -> downloads.OpenDownload:
        found = opened(token, **more)
        os.truncate(plane.backend.path(blob.key), BLOCK + 10)
        return found

    monkeypatch.setattr(downloads, "open", cut)
    assert len(plane.get(path).body) == BLOCK
    (record,) = [record for record in caplog.records if record.name == "filegraph.transfer"]
    assert record.exc_info is None
    assert f"blob {blob.id} of file {stored.id} broke off" in record.getMessage()


def test_a_get_that_ends_while_it_is_let_in_closes_the_file(
    plane: Plane, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_, let_in, answer = downloads.open, threading.Event(), threading.Event()
    readers = []

    def slow(*asked: Any, **more: Any) -> downloads.OpenDownload:
        found = open_(*asked, **more)
        readers.append(found.reader)
        let_in.set()
        answer.wait(10)
        return found

    async def cancelled() -> None:
        getting = asyncio.ensure_future(exchanged(plane.app, "GET", path))
        await asyncio.to_thread(let_in.wait, 10)
        getting.cancel()
        answer.set()
        with pytest.raises(asyncio.CancelledError):
            await getting

    monkeypatch.setattr(downloads, "open", slow)
    asyncio.run(cancelled())
    (reader,) = readers
    with pytest.raises(ValueError, match="closed"):
        reader.fileno()
