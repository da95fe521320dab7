"""Direct uploads: clients send to a real S3 store, and finalize asks the store what came."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest
from django.db import connection

from storage import registry
from storage.backends.s3.backend import S3Backend
from storage.backends.types import ObjectStat
from storage.errors import (
    BackendUnavailable,
    ChecksumMismatch,
    InvalidToken,
    SizeMismatch,
    UploadExpired,
    UploadFailed,
    UploadIncomplete,
)
from storage.models import Upload, UploadState
from storage.services import uploads
from storage.services.uploads import (
    AlreadyThere,
    FinalizedUpload,
    FinalizeRequest,
    PresignedPut,
    SinglePut,
    StartedUpload,
    receive,
    states,
)
from storage.services.uploads.finalize import _Batch
from storage.tokens import sign_upload
from tests.components.seaweedfs import SeaweedFS
from tests.components.uploads import World, given, make_direct_world, sha256

pytestmark = pytest.mark.django_db

HELLO = sha256(b"hello")


@pytest.fixture
def world(seaweed: SeaweedFS) -> World:
    return make_direct_world(seaweed.config(prefix=f"tests/{uuid4().hex}"))


@pytest.fixture
def asked(world: World) -> Iterator[list[tuple[str, bool]]]:
    """The requests that the service sends to the store, and whether it held a transaction meanwhile."""
    seen: list[tuple[str, bool]] = []

    def note(event_name: str, **_: Any) -> None:
        seen.append((event_name.rpartition(".")[2], connection.in_atomic_block))

    links = cast(S3Backend, world.store)._connection
    for client in (links.steady, links.once):
        client.meta.events.register("before-send.s3", note, unique_id="test")
    yield seen
    for client in (links.steady, links.once):
        client.meta.events.unregister("before-send.s3", unique_id="test")


def begin(world: World, name: str = "a.txt", data: bytes = b"hello", who: str = "ed", **more: Any) -> StartedUpload:
    return world.begin(who, name, data, sha256=sha256(data), **more)


def key_of(started: StartedUpload) -> str:
    upload = Upload.objects.select_related("drive").get(id=started.upload.id)
    return states.key_of(upload, upload.drive)


def abort(world: World, started: StartedUpload) -> Upload:
    return uploads.abort(world.actor("ed"), started.upload.id, now=world.now)


def plan_of(world: World, started: StartedUpload) -> uploads.Transport | None:
    upload = uploads.get(world.actor("ed"), started.upload.id)
    return uploads.transports(world.actor("ed"), [upload], now=world.now)[upload.id]


# The way of the bytes.


def test_bytes_go_to_the_store_and_a_file_comes_of_them(world: World) -> None:
    started = begin(world, "résumé.txt")
    plan = started.transport
    assert isinstance(plan, PresignedPut)
    assert plan.url("https://files.example.com").startswith(world.backend.config["endpoint_url"])
    assert dict(plan.headers).keys() == {"content-type", "if-none-match", "x-amz-checksum-sha256"}
    assert plan.expires_at <= started.upload.expires_at
    assert "%C3" not in plan.signed_url, "a name that somebody typed is no part of a key"
    assert world.send(started).status_code == 200
    finalized = world.finalize("ed", started)
    assert finalized.file is not None
    assert (finalized.file.size, finalized.file.sha256) == (5, HELLO)
    assert world.read("vi", finalized.file) == b"hello"
    assert world.finalize("ed", started).file == finalized.file
    world.check()


def test_without_a_hash_bytes_pass_through_us(world: World) -> None:
    started = world.begin("ed")
    assert isinstance(started.transport, SinglePut)
    world.put(started)
    file = world.finalize("ed", started).file
    assert file is not None
    assert (file.sha256, file.content_type) == (HELLO, "text/plain")
    assert world.read("vi", file) == b"hello"
    world.check()


def test_finalize_before_the_bytes_is_told_and_works_after_them(world: World) -> None:
    started = begin(world)
    for _ in range(2):
        with pytest.raises(UploadIncomplete):
            world.finalize("ed", started)
    assert world.state(started) == UploadState.OPEN
    world.send(started)
    assert world.finalize("ed", started).file is not None
    world.check()


@pytest.mark.django_db(transaction=True)
def test_finalize_asks_once_and_holds_nothing_meanwhile(world: World, asked: list[tuple[str, bool]]) -> None:
    started = begin(world)
    world.send(started)
    assert asked == []
    world.finalize("ed", started)
    assert asked == [("HeadObject", False)]
    world.finalize("ed", started)
    assert len(asked) == 1
    world.check()


def test_a_batch(world: World, asked: list[tuple[str, bool]]) -> None:
    requests = [world.request(f"{number}.txt", b"%d" % number, sha256=sha256(b"%d" % number)) for number in range(20)]
    started = [given(answer) for answer in world.begin_all("ed", requests)]
    for number, each in enumerate(started[:-1]):
        assert world.send(each, b"%d" % number).status_code == 200
    asked.clear()
    answers = uploads.finalize(world.actor("ed"), [FinalizeRequest(each.upload.id) for each in started], now=world.now)
    assert all(isinstance(answer, FinalizedUpload) for answer in answers[:-1])
    assert isinstance(answers[-1], UploadIncomplete)
    assert [name for name, _ in asked] == ["HeadObject"] * 20
    world.check()


def test_the_same_content_twice_needs_no_bytes_and_no_request(world: World, asked: list[tuple[str, bool]]) -> None:
    first = begin(world)
    world.send(first)
    world.finalize("ed", first)
    asked.clear()
    second = begin(world, "b.csv", content_type="text/plain")
    assert isinstance(second.transport, AlreadyThere)
    file = world.finalize("ed", second).file
    assert asked == []
    assert file is not None
    assert file.content_type == "text/csv"
    world.check()


def test_an_added_encoding_uses_the_upload_up(world: World) -> None:
    """The store may forget the SHA-256 of such an object; its key is taken all the same."""
    started = world.begin("ed", sha256=HELLO)
    plan = started.transport
    assert isinstance(plan, PresignedPut)
    sent = httpx.put(
        plan.signed_url, content=b"hello", headers={**dict(plan.headers), "Content-Encoding": "identity"}, timeout=30
    )
    assert sent.is_success  # this store takes it
    with pytest.raises(ChecksumMismatch):
        world.finalize("ed", started)
    assert world.state(started) == UploadState.FAILED
    world.check()


def test_the_same_key_gives_the_same_upload_and_a_link_that_works(world: World) -> None:
    first = begin(world, idempotency_key="k")
    world.pass_time(minutes=5)
    again = begin(world, idempotency_key="k")
    assert again.upload.id == first.upload.id
    assert world.send(again).status_code == 200
    assert world.send(first).status_code == 412
    assert world.finalize("ed", again).file is not None


def test_another_link_can_be_asked_for_as_long_as_the_upload_lives(world: World) -> None:
    started = begin(world)
    world.pass_time(hours=23, minutes=30)
    plan = plan_of(world, started)
    assert isinstance(plan, PresignedPut)
    # It ends with the upload, before its own time.
    assert plan.expires_at <= started.upload.expires_at
    assert plan.expires_at > started.upload.expires_at - timedelta(seconds=2)
    world.pass_time(hours=1)
    assert plan_of(world, started) is None
    with pytest.raises(UploadExpired):
        world.finalize("ed", started)


def test_who_may_not_upload_any_more_gets_no_link_and_no_file(world: World) -> None:
    started = begin(world)
    world.send(started)
    world.revoke("ed", "editor")
    assert plan_of(world, started) is None
    with pytest.raises(Exception, match="nothing here"):
        world.finalize("ed", started)
    assert world.state(started) == UploadState.OPEN


def test_a_drop_box_is_direct_too(world: World) -> None:
    started = begin(world, who="up")
    world.send(started)
    assert world.finalize("up", started).file is None
    assert world.state(started) == UploadState.READY
    world.check()


# What the store refuses.


def test_the_store_refuses_other_bytes_and_the_upload_stays_open(world: World) -> None:
    started = begin(world)
    assert world.send(started, b"HELLO").status_code == 400
    assert world.send(started, b"hello!").status_code == 403
    with pytest.raises(UploadIncomplete):
        world.finalize("ed", started)
    assert world.send(started).status_code == 200
    assert world.finalize("ed", started).file is not None


def test_a_link_is_of_no_use_after_finalize(world: World) -> None:
    started = begin(world)
    world.send(started)
    file = world.finalize("ed", started).file
    assert file is not None
    assert world.send(started).status_code == 412
    assert world.send(started, b"HELLO").status_code in (400, 412)
    assert world.read("vi", file) == b"hello"


def test_a_direct_upload_has_no_way_through_us(world: World) -> None:
    started = begin(world)
    token = sign_upload(started.upload.id, started.upload.expires_at)
    with pytest.raises(InvalidToken):
        receive.start(token, content_length=5, now=world.now)


# A store that does not keep its promises, and one that is away.


@pytest.mark.parametrize(
    ("told", "error", "state"),
    [
        (ObjectStat(6, HELLO, datetime.now(UTC)), SizeMismatch, UploadState.FAILED),
        (ObjectStat(5, sha256(b"HELLO"), datetime.now(UTC)), ChecksumMismatch, UploadState.FAILED),
        (ObjectStat(5, None, datetime.now(UTC)), ChecksumMismatch, UploadState.FAILED),
    ],
)
def test_what_the_store_says_is_compared(
    world: World, monkeypatch: pytest.MonkeyPatch, told: ObjectStat, error: type[Exception], state: UploadState
) -> None:
    started = begin(world)
    monkeypatch.setattr(S3Backend, "stat_all", lambda self, keys: dict.fromkeys(keys, told))
    with pytest.raises(error):
        world.finalize("ed", started)
    assert world.state(started) == state


def test_another_hash_at_finalize_ends_the_upload(world: World, django_capture_on_commit_callbacks: Any) -> None:
    started = begin(world)
    world.send(started)
    key = key_of(started)
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(ChecksumMismatch):
        world.finalize("ed", started, sha256(b"HELLO"))
    with pytest.raises(UploadFailed):
        world.finalize("ed", started)
    assert not world.store.exists(key)
    world.check()


def test_a_store_that_is_away_is_told_and_nothing_is_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    started = begin(world)
    world.send(started)
    away = S3Backend(backend_config={**world.backend.config, "endpoint_url": "http://127.0.0.1:9"})
    with monkeypatch.context() as patch:
        patch.setattr(registry, "driver_of", lambda *_: away)
        with pytest.raises(BackendUnavailable) as caught:
            world.finalize("ed", started)
        # Links need nobody.
        assert isinstance(begin(world, "b.txt", b"b").transport, PresignedPut)
    assert caught.value.retryable
    assert world.state(started) == UploadState.OPEN
    assert world.finalize("ed", started).file is not None


def test_without_keys_there_is_a_typed_error_and_no_row(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(self: Any) -> Any:
        raise BackendUnavailable(reason="There is no access key.", setting="access_key_id")

    monkeypatch.setattr("storage.backends.s3.client.S3Connection.credentials", nothing)
    with pytest.raises(BackendUnavailable):
        begin(world)
    assert not Upload.objects.exists()
    world.check()


def test_of_two_finalizes_one_finds_the_other_done(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one comes between our question to the store and what we write."""
    started = begin(world)
    world.send(started)
    original = _Batch._has_come
    rivals = iter([True])

    def overtaken(self: Any, *arguments: Any) -> bool:
        if next(rivals, False):
            assert world.finalize("ed", started).file is not None
        return original(self, *arguments)

    monkeypatch.setattr(_Batch, "_has_come", overtaken)
    file = world.finalize("ed", started).file
    assert file is not None
    assert file.id == started.upload.file_id
    world.check()


# Types: nobody of us sees the bytes.


@pytest.mark.parametrize(
    ("name", "declared", "found"),
    [
        ("a.png", "text/html", "image/png"),
        ("a.html", "image/png", "text/html"),
        ("A.PNG", "", "image/png"),
        ("sound.ogg", "video/ogg", "video/ogg"),
        ("sound.ogg", "", "audio/ogg"),
        ("thing.xyz", "chemical/x-xyz; v=1", "chemical/x-xyz"),
        ("thing", "", "application/octet-stream"),
    ],
)
def test_the_type_is_that_of_the_name(world: World, name: str, declared: str, found: str) -> None:
    started = begin(world, name, content_type=declared)
    world.send(started)
    file = world.finalize("ed", started).file
    assert file is not None
    assert file.content_type == found
