"""The S3 driver against a real store: the contract of all backends, and what is its own."""

import hashlib
import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from storage.backends.s3 import writer as writing
from storage.backends.s3.backend import MAX_SINGLE_PUT, S3Backend
from storage.backends.types import PresignedRequest
from storage.errors import BackendUnavailable, Conflict, InvalidArgument
from storage.testing.backend_contract import KEY, OTHER, BackendContract, get, put
from tests.components.seaweedfs import SeaweedFS

DATA = os.urandom(1000)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def backend(seaweed: SeaweedFS) -> S3Backend:
    return S3Backend(backend_config=seaweed.config(prefix=f"tests/{uuid4().hex}"))


class TestS3Backend(BackendContract):
    @pytest.fixture
    def backend(self, seaweed: SeaweedFS) -> S3Backend:
        return S3Backend(backend_config=seaweed.config(prefix=f"tests/{uuid4().hex}"))


def signed_put(backend: S3Backend, key: str = KEY, data: bytes = DATA, **more: Any) -> PresignedRequest:
    more = {"expires_in": 60, "now": datetime.now(UTC), "sha256": sha256(data), **more}
    made = backend.presigned_put(key, size=len(data), **more)
    assert made is not None
    return made


def send(made: PresignedRequest, data: bytes = DATA, method: str = "", **headers: str | None) -> httpx.Response:
    """Send what a client sends, with some headers changed or (None) left out."""
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    every = {name: value for name, value in {**made.headers, **changed}.items() if value is not None}
    return httpx.request(method or made.method, made.url, content=data, headers=every, trust_env=False)


# What a link lets through, and what the store itself refuses.


def test_a_link_takes_the_bytes_it_was_made_for(backend: S3Backend) -> None:
    made = signed_put(backend)
    assert set(made.headers) == {"content-type", "if-none-match", "x-amz-checksum-sha256"}
    assert send(made).status_code == 200
    found = backend.stat(KEY)
    assert (found.size, found.sha256) == (len(DATA), sha256(DATA))
    assert get(backend, KEY) == DATA


def test_an_empty_object_by_a_link(backend: S3Backend) -> None:
    assert send(signed_put(backend, data=b""), b"").status_code == 200
    assert backend.stat(KEY).sha256 == sha256(b"")


ATTACKS: dict[str, dict[str, Any]] = {
    "fewer bytes": {"data": DATA[:-1]},
    "more bytes": {"data": DATA + b"x"},
    "other bytes": {"data": bytes(len(DATA))},
    "other bytes under their own checksum": {
        "data": bytes(len(DATA)),
        "x_amz_checksum_sha256": "Q1Rqn+fRXY3bBUnRcGqbzSODhA1THU9gK05ZY0B7Dsc=",
    },
    "another type": {"content_type": "text/html"},
    "no type": {"content_type": None},
    "no condition": {"if_none_match": None},
    "another condition": {"if_none_match": '"abc"'},
    "no checksum": {"x_amz_checksum_sha256": None},
    "another kind of checksum": {"x_amz_checksum_sha256": None, "x_amz_checksum_crc32": "AAAAAA=="},
    "an object copied instead": {"x_amz_copy_source": "/filegraph/tests/secret"},
    "opened to everybody": {"x_amz_acl": "public-read"},
    "a redirect": {"x_amz_website_redirect_location": "https://example.com/"},
    "used for GET": {"method": "GET"},
    "used for DELETE": {"method": "DELETE"},
    "used for POST": {"method": "POST"},
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_store_refuses_another_request(backend: S3Backend, attack: str) -> None:
    answer = send(signed_put(backend), **ATTACKS[attack])
    assert 400 <= answer.status_code < 500
    assert not backend.exists(KEY)


def test_the_store_refuses_another_address(backend: S3Backend) -> None:
    made = signed_put(backend)
    for url in (
        made.url.replace(KEY, OTHER),
        made.url + "&partNumber=1&uploadId=abc",
        made.url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"),
        made.url.replace("content-length%3B", ""),
        made.url[:-1] + ("0" if made.url[-1] != "0" else "1"),
    ):
        assert url != made.url
        answer = send(PresignedRequest("PUT", url, made.expires_at, made.headers))
        assert 400 <= answer.status_code < 500
    assert list(backend.keys()) == []


def test_the_store_refuses_a_second_put(backend: S3Backend) -> None:
    made = signed_put(backend)
    assert send(made).status_code == 200
    assert send(made).status_code == 412
    assert send(signed_put(backend, data=b"x" * 1000), b"x" * 1000).status_code == 412
    with pytest.raises(Conflict):
        put(backend, KEY, b"from the other side")
    assert get(backend, KEY) == DATA


def test_the_store_refuses_a_link_whose_time_is_over(backend: S3Backend) -> None:
    put(backend, OTHER, DATA)
    past = datetime.now(UTC) - timedelta(seconds=61)
    made = signed_put(backend, now=past)
    assert made.expires_at < datetime.now(UTC)
    assert send(made).status_code == 403
    assert not backend.exists(KEY)
    link = backend.presigned_get(OTHER, expires_in=60, now=past)
    assert link is not None
    assert httpx.get(link.url, trust_env=False).status_code == 403


def test_a_body_that_calls_itself_encoded_proves_nothing(backend: S3Backend) -> None:
    """No header of the signature: the store takes it, and would tell every reader to unpack the bytes."""
    assert send(signed_put(backend), content_encoding="gzip").status_code in (200, 400, 403)
    with suppress(FileNotFoundError):
        assert backend.stat(KEY).sha256 is None


def test_a_get_link_says_type_and_disposition(backend: S3Backend) -> None:
    put(backend, KEY, DATA)
    disposition = "attachment; filename=\"a.png\"; filename*=UTF-8''%C3%A4.png"
    link = backend.presigned_get(
        KEY, expires_in=60, now=datetime.now(UTC), content_type="image/png", disposition=disposition
    )
    assert link is not None
    answer = httpx.get(link.url, trust_env=False)
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == disposition
    assert answer.headers["cache-control"] == "private, no-cache"
    assert httpx.get(link.url, headers={"range": "bytes=10-19"}, trust_env=False).content == DATA[10:20]
    other_type = link.url.replace("image%2Fpng", "text%2Fhtml")
    assert httpx.get(other_type, trust_env=False).status_code == 403
    assert httpx.get(link.url.replace(KEY, OTHER), trust_env=False).status_code == 403
    assert httpx.put(link.url, content=b"x", trust_env=False).status_code == 403
    assert httpx.get(link.url.partition("?")[0], trust_env=False).status_code == 403


def test_what_cannot_be_bound_has_no_link(backend: S3Backend, seaweed: SeaweedFS) -> None:
    now = datetime.now(UTC)
    too_large = MAX_SINGLE_PUT + 1
    assert backend.presigned_put(KEY, size=too_large, sha256="ab" * 32, expires_in=9, now=now) is None
    indirect = S3Backend(backend_config=seaweed.config(direct=False))
    assert indirect.presigned_put(KEY, size=1, sha256="ab" * 32, expires_in=9, now=now) is None
    assert indirect.presigned_get(KEY, expires_in=9, now=now) is None


def test_links_are_made_for_the_address_that_clients_use(seaweed: SeaweedFS) -> None:
    config = seaweed.config(public_endpoint_url="https://s3.example.com", addressing_style="virtual")
    link = S3Backend(backend_config=config).presigned_get(KEY, expires_in=60, now=datetime.now(UTC))
    assert link is not None
    assert link.url.startswith(f"https://filegraph.s3.example.com/{KEY}?")


def test_a_link_lives_a_week_at_most(backend: S3Backend) -> None:
    now = datetime.now(UTC)
    link = backend.presigned_get(KEY, expires_in=10**9, now=now)
    assert link is not None
    assert "X-Amz-Expires=604800&" in link.url
    assert now + timedelta(days=7, seconds=-1) < link.expires_at <= now + timedelta(days=7)


# Writing and reading through us.


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """5 MiB are the least that S3 takes; the sizes double after two parts."""
    monkeypatch.setattr(writing, "PART", 5 << 20)
    monkeypatch.setattr(writing, "_GROWS_AFTER", 2)


@pytest.mark.usefixtures("small_parts")
def test_a_large_object_goes_in_parts(backend: S3Backend) -> None:
    data = os.urandom(1 << 20) * 22
    writer = backend.open_writer(KEY)
    for offset in range(0, len(data), 3 << 20):
        writer.write(memoryview(data)[offset : offset + (3 << 20)])
    writer.sync()
    assert not backend.exists(KEY)
    assert list(backend.keys()) == []
    writer.commit()
    assert backend.stat(KEY).sha256 is None
    with backend.open_reader(KEY) as reader:
        assert reader.read(0, 1 << 20) == data[: 1 << 20]
        assert reader.read(1 << 20, 1 << 20) == data[1 << 20 : 2 << 20]
        assert reader.read(20 << 20, 10) == data[20 << 20 : (20 << 20) + 10]
        assert reader.read((22 << 20) - 3, 10) == data[-3:]
        assert sha256(reader.read(0, len(data))) == sha256(data)


@pytest.mark.usefixtures("small_parts")
def test_parts_of_a_writer_that_gave_up_are_gone(backend: S3Backend) -> None:
    writer = backend.open_writer(KEY)
    writer.write(bytes(6 << 20))
    assert unfinished(backend) == 1
    writer.abort()
    writer.abort()
    assert unfinished(backend) == 0
    with pytest.raises(BackendUnavailable):
        writer.write(b"x")


@pytest.mark.usefixtures("small_parts")
def test_in_parts_too_nothing_is_overwritten(backend: S3Backend) -> None:
    writer = backend.open_writer(KEY)
    writer.write(bytes(6 << 20))
    put(backend, KEY, b"first")
    with pytest.raises(Conflict):
        writer.commit()
    assert get(backend, KEY) == b"first"
    assert unfinished(backend) == 0


@pytest.mark.usefixtures("small_parts")
def test_parts_of_a_writer_that_died_are_found(backend: S3Backend) -> None:
    writer = backend.open_writer(KEY)
    writer.write(bytes(6 << 20))
    assert backend.remove_stale(datetime.now(UTC) - timedelta(hours=1)) == 0
    assert backend.remove_stale(datetime.now(UTC) + timedelta(seconds=5)) == 1
    assert unfinished(backend) == 0
    with pytest.raises(BackendUnavailable):
        writer.commit()


def unfinished(backend: S3Backend) -> int:
    client, prefix = backend._connection.steady, backend._prefix
    return len(client.list_multipart_uploads(Bucket="filegraph", Prefix=prefix).get("Uploads", []))


def test_reads_that_follow_each_other_are_one_request(backend: S3Backend, requests: list[str]) -> None:
    data = os.urandom(3 << 20)
    put(backend, KEY, data)
    requests.clear()
    with backend.open_reader(KEY) as reader:
        assert b"".join(reader.read(at, 1 << 16) for at in range(0, len(data), 1 << 16)) == data
    assert requests == ["HeadObject", "GetObject"]


@pytest.fixture
def requests(backend: S3Backend) -> list[str]:
    """The names of all requests that the backend sends."""
    seen: list[str] = []
    for client in (backend._connection.steady, backend._connection.bytes, backend._connection.once):
        client.meta.events.register(
            "before-send.s3", lambda event_name, **_: seen.append(event_name.rpartition(".")[2])
        )
    return seen


def test_links_ask_nobody(backend: S3Backend, requests: list[str]) -> None:
    backend.presigned_get(KEY, expires_in=60, now=datetime.now(UTC))
    signed_put(backend)
    assert requests == []


def test_a_checksum_of_the_store_needs_one_request(backend: S3Backend, requests: list[str]) -> None:
    send(signed_put(backend))
    assert backend.stat(KEY).sha256 == sha256(DATA)
    assert requests == ["HeadObject"]


@pytest.mark.parametrize("key", ["ä/ö ü", "a+b=c&d", "a%20b", "~._-", "日本", "a;b:c,d@e!$'()*"])
def test_keys_of_odd_characters(backend: S3Backend, key: str) -> None:
    assert send(signed_put(backend, key)).status_code == 200
    link = backend.presigned_get(key, expires_in=60, now=datetime.now(UTC))
    assert link is not None
    assert httpx.get(link.url, trust_env=False).content == DATA
    assert list(backend.keys()) == [key]


@pytest.mark.parametrize("key", ["x" * 1025, "\ud800"])
def test_a_key_that_no_store_takes(backend: S3Backend, key: str) -> None:
    with pytest.raises(InvalidArgument):
        backend.stat(key)
