"""Uploads as clients get them wrong, by accident or on purpose: refused, typed, and without a trace in the drive."""

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.components.api import Api, Refused, get, put, sha256

BYTES = os.urandom(100_000)


def url_of(upload: dict[str, Any]) -> str:
    return str(upload["transport"]["url"])


def code_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"].startswith("application/json")
    error = answer.json()["error"]
    assert set(error) >= {"code", "message", "retryable"}
    return answer.status_code, error["code"]


def files_in(api: Api, drive: str) -> list[str]:
    nodes = api.query("query($id: ID!) { drive(id: $id) { children { nodes { name } } } }", id=drive)["drive"]
    return [node["name"] for node in nodes["children"]["nodes"]]


def raw(url: str, head: str, body: bytes = b"", *, half_close: bool = False) -> bytes:
    """Send bytes as they are; everything that comes back."""
    where = urlsplit(url)
    with socket.create_connection((where.hostname or "", where.port or 80), timeout=10) as connection:
        connection.sendall(f"PUT {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\n{head}\r\n".encode() + body)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(65536):
                answer += part
        return answer


@pytest.mark.parametrize("length", [0, 1, len(BYTES) - 1, len(BYTES) + 1])
def test_another_length_than_declared(admin: Api, drive: str, length: int) -> None:
    upload = admin.begin(drive, "a", len(BYTES))
    assert code_of(put(url_of(upload), (BYTES + b"x")[:length])) == (400, "SIZE_MISMATCH")
    with pytest.raises(Refused) as caught:
        admin.finalize(upload["id"])
    assert caught.value.codes == ["UPLOAD_INCOMPLETE"]
    assert put(url_of(upload), BYTES).is_success
    assert admin.finalize(upload["id"])["sha256"] == sha256(BYTES)


def test_a_chunked_body_has_no_length(admin: Api, drive: str) -> None:
    upload = admin.begin(drive, "a", 3)
    assert code_of(put(url_of(upload), iter([b"abc"]))) == (411, "LENGTH_REQUIRED")  # type: ignore[arg-type]


def test_no_body_at_all(admin: Api, drive: str) -> None:
    upload = admin.begin(drive, "a", 3)
    assert b" 411 " in raw(url_of(upload), "").splitlines()[0] or b" 400 " in raw(url_of(upload), "").splitlines()[0]


def test_other_bytes_than_declared_end_the_upload(admin: Api, drive: str) -> None:
    upload = admin.begin(drive, "a", 3, sha256=sha256(b"abc"))
    assert code_of(put(url_of(upload), b"abd")) == (400, "CHECKSUM_MISMATCH")
    assert admin.state(upload["id"]) == "FAILED"
    assert code_of(put(url_of(upload), b"abc")) == (410, "UPLOAD_FAILED")
    with pytest.raises(Refused):
        admin.finalize(upload["id"])
    assert files_in(admin, drive) == []


def test_another_hash_at_the_end(admin: Api, drive: str) -> None:
    upload = admin.begin(drive, "a", 3)
    put(url_of(upload), b"abc")
    with pytest.raises(Refused) as caught:
        admin.finalize(upload["id"], sha256=sha256(b"abd"))
    assert caught.value.codes == ["CHECKSUM_MISMATCH"]
    assert files_in(admin, drive) == []


def test_a_client_that_goes_away(admin: Api, drive: str) -> None:
    upload = admin.begin(drive, "a", len(BYTES))
    answer = raw(url_of(upload), f"Content-Length: {len(BYTES)}\r\n", BYTES[:50_000], half_close=True)
    assert b" 20" not in answer[:20]
    deadline = time.monotonic() + 30
    while admin.state(upload["id"]) != "OPEN" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert admin.state(upload["id"]) == "OPEN"
    assert put(url_of(upload), BYTES).is_success
    assert get(admin.link(admin.finalize(upload["id"])["id"])).content == BYTES


def test_a_put_after_the_bytes_arrived(admin: Api, drive: str) -> None:
    upload = admin.begin(drive, "a", 3)
    assert put(url_of(upload), b"abc").is_success
    assert code_of(put(url_of(upload), b"xyz")) == (409, "UPLOAD_ALREADY_RECEIVED")
    file = admin.finalize(upload["id"])
    assert code_of(put(url_of(upload), b"xyz")) == (409, "UPLOAD_ALREADY_RECEIVED")
    assert get(admin.link(file["id"])).content == b"abc"


def test_finalize_in_parallel_makes_one_file(admin: Api, drive: str) -> None:
    upload = admin.begin(drive, "a", 3)
    put(url_of(upload), b"abc")
    with ThreadPoolExecutor(6) as pool:
        files = list(pool.map(lambda _: admin.finalize(upload["id"]), range(6)))
    assert len({file["id"] for file in files}) == 1
    assert files_in(admin, drive) == ["a"]


def test_puts_in_parallel_end_in_one_of_them(admin: Api, drive: str) -> None:
    contents = [bytes([number]) * 400_000 for number in range(4)]
    upload = admin.begin(drive, "a", 400_000)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda content: put(url_of(upload), content), contents))
    winners = [content for content, answer in zip(contents, answers, strict=True) if answer.is_success]
    assert len(winners) == 1, [answer.status_code for answer in answers]
    assert get(admin.link(admin.finalize(upload["id"])["id"])).content == winners[0]


def test_an_aborted_upload_is_over(admin: Api, drive: str) -> None:
    upload = admin.begin(drive, "a", 3)
    admin.mutate("abortUpload", "upload { state }", uploadId=upload["id"])
    assert code_of(put(url_of(upload), b"abc")) == (410, "UPLOAD_ABORTED")
    with pytest.raises(Refused) as caught:
        admin.finalize(upload["id"])
    assert caught.value.codes == ["UPLOAD_ABORTED"]


def _flip(token: str) -> str:
    middle = len(token) // 2
    return token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]


@pytest.mark.parametrize(
    "mangle",
    [
        _flip,
        lambda token: token[:-4],
        lambda token: token + "AAAA",
        lambda token: token[::-1],
        lambda _: "x",
        lambda _: "%00",
        lambda _: "..%2f..%2fetc%2fpasswd",
        lambda _: "é",
        lambda _: "A" * 5000,
    ],
)
def test_a_token_that_is_not_ours(admin: Api, drive: str, mangle: Callable[[str], str]) -> None:
    upload = admin.begin(drive, "a", 3)
    base, _, token = url_of(upload).rpartition("/")
    assert code_of(put(f"{base}/{mangle(token)}", b"abc"))[0] in (403, 404)
    assert admin.state(upload["id"]) == "OPEN"


def test_a_token_of_the_other_kind(admin: Api, drive: str) -> None:
    file = admin.upload(drive, "a", b"abc")
    upload = admin.begin(drive, "b", 3)
    download_token = urlsplit(admin.link(file["id"])).path.split("/")[2]
    upload_token = urlsplit(url_of(upload)).path.split("/")[2]
    assert code_of(put(f"{admin.url}/u/{download_token}", b"abc")) == (403, "INVALID_TOKEN")
    assert code_of(get(f"{admin.url}/d/{upload_token}/b")) == (403, "INVALID_TOKEN")
    assert code_of(get(f"{admin.url}/d/{upload_token}")) == (403, "INVALID_TOKEN")


def test_a_token_reaches_its_own_upload_only(admin: Api, drive: str) -> None:
    first, second = admin.begin(drive, "a", 3), admin.begin(drive, "b", 3)
    assert put(url_of(first), b"abc").is_success
    assert (admin.state(first["id"]), admin.state(second["id"])) == ("VERIFYING", "OPEN")


def test_a_refused_put_is_answered_before_its_body(admin: Api, drive: str) -> None:
    upload = admin.begin(drive, "a", 3)
    answer = raw(url_of(upload), "Content-Length: 9000000000\r\nExpect: 100-continue\r\n")
    assert b" 400 " in answer.splitlines()[0]
    assert b"100 Continue" not in answer
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["error"]["code"] == "SIZE_MISMATCH"


@pytest.mark.parametrize("length", ["-1", "abc", "3, 4", "99999999999999999999999999", "0x3"])
def test_a_length_that_is_no_length(admin: Api, drive: str, length: str) -> None:
    upload = admin.begin(drive, "a", 3)
    answer = raw(url_of(upload), f"Content-Length: {length}\r\nConnection: close\r\n", b"abc", half_close=True)
    assert b" 400 " in answer.splitlines()[0]
    assert admin.state(upload["id"]) == "OPEN"


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_other_methods(admin: Api, drive: str, method: str) -> None:
    upload = admin.begin(drive, "a", 3)
    answer = httpx.request(method, url_of(upload), content=b"abc", trust_env=False)
    assert (answer.status_code, answer.headers["allow"]) == (405, "PUT, HEAD, OPTIONS")


@pytest.mark.parametrize("size", ["-1", "0x10", "1.5", "", " 1", "9" * 30, "9223372036854775808"])
def test_a_size_that_is_no_size(admin: Api, drive: str, size: str) -> None:
    document = "mutation($input: BeginUploadInput!) { beginUpload(input: $input) { upload { id } errors { code } } }"
    answer = admin.post(
        json={"query": document, "variables": {"input": {"parentId": drive, "name": "a", "size": size}}}
    )
    body = answer.json()
    assert answer.status_code < 500
    assert body.get("errors") or body["data"]["beginUpload"]["errors"], body


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "a\x00b", "\ud800", "x" * 256, "\u202egpj.exe", " "])
def test_a_name_that_cannot_be_kept(admin: Api, drive: str, name: str) -> None:
    document = "mutation($input: BeginUploadInput!) { beginUpload(input: $input) { upload { id } errors { code } } }"
    text = json.dumps({"query": document, "variables": {"input": {"parentId": drive, "name": name, "size": 3}}})
    headers = {"authorization": f"Bearer {admin.token}", "content-type": "application/json"}
    answer = admin.post(content=text.encode(), headers=headers)
    assert answer.status_code in (200, 400)
    body = answer.json()
    assert body.get("errors") or body["data"]["beginUpload"]["errors"][0]["code"] == "INVALID_NAME"
    assert files_in(admin, drive) == []


def test_the_same_key_is_the_same_upload(admin: Api, drive: str) -> None:
    first = admin.begin(drive, "a", 3, idempotencyKey="k1")
    assert admin.begin(drive, "a", 3, idempotencyKey="k1")["id"] == first["id"]
    with pytest.raises(Refused) as caught:
        admin.begin(drive, "a", 4, idempotencyKey="k1")
    assert caught.value.codes == ["CONFLICT"]
