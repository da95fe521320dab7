"""The end of direct uploads: whatever a link may still bring about has a tombstone until it cannot any more (I4), and
its room is held as long (I7), so that nothing but files and what is reserved is ever in a store.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings

from storage import conf
from storage.errors import ChecksumMismatch, NameTaken, QuotaExceeded, TooManyUploads, UploadAborted, UploadIncomplete
from storage.models import Drive, NodeKind, NodeRef, Tombstone, Upload, UploadState
from storage.services import trash, uploads
from storage.services.uploads import PresignedPut, StartedUpload, states
from storage.services.uploads.states import LINK_MARGIN
from tests.components.linked_store import DRIVER, begin_put, make_linked_world, send, stored
from tests.components.seaweedfs import SeaweedFS
from tests.components.uploads import World, make_direct_world, sha256

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def world(settings: Settings) -> World:
    settings.FILEGRAPH_STORAGE_BACKEND_CLASSES = DRIVER
    return make_linked_world(quota=10)


@pytest.fixture
def live(seaweed: SeaweedFS) -> World:
    world = make_direct_world(seaweed.config(prefix=f"tests/{uuid4().hex}"))
    Drive.objects.filter(id=world.drive.id).update(quota_bytes=10)
    return world


def begin(world: World, name: str = "a.txt", data: bytes = b"hello", who: str = "ed", **more: Any) -> StartedUpload:
    return world.begin(who, name, data, sha256=sha256(data), **more)


def abort(world: World, started: StartedUpload) -> Upload:
    return uploads.abort(world.actor("ed"), started.upload.id, now=world.now)


def fail(world: World, started: StartedUpload) -> None:
    with pytest.raises(ChecksumMismatch):
        world.finalize("ed", started, sha256(b"HELLO"))


def expire(world: World, started: StartedUpload) -> None:
    world.now = started.upload.expires_at
    world.sweep()
    assert world.state(started) == UploadState.EXPIRED


def purge_folder(world: World, started: StartedUpload) -> None:
    ref = NodeRef(NodeKind.FOLDER, started.upload.parent_id)
    trash.trash(world.actor("olga"), world.people["olga"].pk, [ref], now=world.now)
    trash.purge(world.actor("olga"), [ref], now=world.now)


def key_of(started: StartedUpload) -> str:
    upload = Upload.objects.select_related("drive").get(id=started.upload.id)
    return states.key_of(upload, upload.drive)


def reserved(world: World) -> int:
    return Drive.objects.get(id=world.drive.id).reserved_bytes


def plan_of(world: World, started: StartedUpload) -> uploads.Transport | None:
    upload = uploads.get(world.actor("ed"), started.upload.id)
    return uploads.transports(world.actor("ed"), [upload], now=world.now)[upload.id]


# Against a real store: the attack that this is about, and each way to end.


def test_giving_up_and_sending_all_the_same_never_passes_the_quota(
    live: World, django_capture_on_commit_callbacks: Any
) -> None:
    """begin, abort, PUT to the link that lives on: as often as one likes."""
    for number in range(4):
        try:
            started = begin(live, str(number))
        except QuotaExceeded:
            continue
        with django_capture_on_commit_callbacks(execute=True):
            abort(live, started)
        assert live.send(started).status_code == 200
        live.check()
    assert stored(live) == 10
    with pytest.raises(QuotaExceeded):
        begin(live, "more")
    live.now += DAY + LINK_MARGIN
    live.sweep()
    assert (stored(live), reserved(live)) == (0, 0)
    begin(live, "more", b"0123456789")
    live.check()


@pytest.mark.parametrize("end", [abort, fail, expire, purge_folder])
def test_an_end(
    live: World, end: Callable[[World, StartedUpload], object], django_capture_on_commit_callbacks: Any
) -> None:
    started = begin(live, parent_id=live.folder().id)
    key = key_of(started)
    ends = min(started.upload.expires_at, live.now + DAY)
    live.send(started)
    with django_capture_on_commit_callbacks(execute=True):
        end(live, started)
    # What was there is gone at once; its room is not free, for the link lives by the clock of the store.
    assert not live.store.exists(key)
    assert reserved(live) == 5
    live.check()
    assert live.send(started).status_code == 200
    assert live.store.exists(key)
    live.check()
    held = Tombstone.objects.get(backend=live.backend, key=key)
    assert (held.drive_id, held.actor, held.held_bytes) == (live.drive.id, live.actor("ed"), 5)
    assert held.delete_after == ends + LINK_MARGIN
    assert isinstance(started.transport, PresignedPut)
    assert started.transport.expires_at <= ends
    live.now = held.delete_after
    assert live.sweep().released == 1
    assert not live.store.exists(key)
    assert reserved(live) == 0
    # The key is kept in mind for a PUT that takes its time.
    live.check()
    live.now += timedelta(seconds=conf.current().tombstone_grace)
    assert live.sweep().deleted == 1
    assert not Tombstone.objects.filter(key=key).exists()
    live.check()


def test_a_second_copy(live: World, django_capture_on_commit_callbacks: Any) -> None:
    """Its version counts in full, so that what the link may bring again has its room."""
    # Both were begun before either was there.
    first, second = begin(live), begin(live, "b.txt")
    live.send(first)
    live.finalize("ed", first)
    key = key_of(second)
    live.send(second)
    with django_capture_on_commit_callbacks(execute=True):
        file = live.finalize("ed", second).file
    assert file is not None
    assert live.read("vi", file) == b"hello"
    assert not live.store.exists(key)
    assert live.send(second).status_code == 200
    assert stored(live) == 10
    live.check()
    live.now += 2 * DAY
    live.sweep()
    assert not live.store.exists(key)
    live.check()


def test_a_purged_file_stays_until_links_to_its_key_have_ended(live: World) -> None:
    started = begin(live)
    live.send(started)
    key = key_of(started)
    file = live.finalize("ed", started).file
    assert file is not None
    ref = NodeRef(NodeKind.FILE, file.id)
    trash.trash(live.actor("olga"), live.people["olga"].pk, [ref], now=live.now)
    trash.purge(live.actor("olga"), [ref], now=live.now)
    settings = conf.current()
    due = live.now + timedelta(seconds=settings.tombstone_grace + settings.direct_upload_lifetime)
    assert Tombstone.objects.get(key=key).delete_after == due
    live.check()


def test_bytes_that_got_lost_are_sent_again_to_another_key(
    live: World, django_capture_on_commit_callbacks: Any
) -> None:
    """As after a restore of yesterday's store: the row says that they are there, and they are not."""
    Drive.objects.filter(id=live.drive.id).update(quota_bytes=15)
    taken = begin(live, data=b"first")
    started = begin(live)
    live.send(taken, b"first")
    live.send(started)
    live.finalize("ed", taken)
    with pytest.raises(NameTaken):
        live.finalize("ed", started)
    assert live.state(started) == UploadState.VERIFYING
    lost = key_of(started)
    live.store.delete(lost)
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(UploadIncomplete):
        live.finalize("ed", started)
    plan = plan_of(live, started)
    assert isinstance(plan, PresignedPut)
    assert key_of(started) != lost
    # The old link lives, so that both have a reservation.
    assert reserved(live) == 10
    assert live.send(started).status_code == 200
    live.check()
    trash.trash(
        live.actor("olga"), live.people["olga"].pk, [NodeRef(NodeKind.FILE, taken.upload.file_id)], now=live.now
    )
    assert live.send(StartedUpload(started.upload, plan)).status_code == 200
    file = live.finalize("ed", started).file
    assert file is not None
    assert stored(live) == 15
    live.pass_time(days=3)
    live.sweep()
    assert live.store.exists(key_of(started))
    assert not live.store.exists(lost)
    assert reserved(live) == 0
    live.check()


# By a clock of our own.


def arrived(world: World, name: str = "a.txt") -> StartedUpload:
    """An upload in VERIFYING: its bytes were found, and its name was taken."""
    started = begin(world, name)
    assert send(world, started.transport)
    Upload.objects.filter(id=started.upload.id).update(
        state=UploadState.VERIFYING, received_size=5, received_sha256=sha256(b"hello"), received_type="text/plain"
    )
    return started


def test_bytes_that_got_lost_end_the_upload_where_there_is_no_room_for_two(world: World) -> None:
    started = arrived(world)
    begin(world, "b.txt", b"other")
    world.store.delete(key_of(started))
    with pytest.raises(QuotaExceeded):
        world.finalize("ed", started)
    assert world.state(started) == UploadState.FAILED
    assert reserved(world) == 10
    world.check()
    assert send(world, started.transport)
    assert stored(world) == 5
    world.check()


def test_a_drive_that_is_full_of_what_is_held_says_so(world: World) -> None:
    started = begin(world)
    world.pass_time(hours=1)
    abort(world, started)
    with pytest.raises(QuotaExceeded) as caught:
        begin(world, "big", b"0123456789")
    assert "hold 5 bytes" in caught.value.message
    assert "2026-05-02T12:15:00Z" in caught.value.message
    with pytest.raises(QuotaExceeded) as others:
        begin(world, "big", b"0123456789", who="up")
    assert others.value.message == QuotaExceeded.default_message


def test_what_ended_counts_among_the_uploads_of_its_actor_as_long(world: World, settings: Settings) -> None:
    settings.FILEGRAPH_MAX_OPEN_UPLOADS = 2
    for name in ("a", "b"):
        abort(world, begin(world, name, b""))
    with pytest.raises(TooManyUploads) as caught:
        begin(world, "c", b"")
    assert "2 of them have ended" in caught.value.message
    begin(world, "c", b"", who="olga")
    world.pass_time(days=1, minutes=15)
    with pytest.raises(TooManyUploads):
        begin(world, "c", b"")
    assert world.sweep().released == 3
    begin(world, "c", b"")
    world.check()


def test_links_live_no_longer_than_was_set_when_the_upload_was_begun(world: World, settings: Settings) -> None:
    settings.FILEGRAPH_DIRECT_UPLOAD_LIFETIME = 600
    started = begin(world)
    assert isinstance(started.transport, PresignedPut)
    assert started.transport.expires_at == world.now + timedelta(minutes=10)
    settings.FILEGRAPH_DIRECT_UPLOAD_LIFETIME = 3600
    again = plan_of(world, started)
    assert isinstance(again, PresignedPut)
    assert again.expires_at == world.now + timedelta(minutes=10)
    abort(world, started)
    world.pass_time(minutes=24)
    assert world.sweep().released == 0
    world.pass_time(minutes=1)
    assert world.sweep().released == 1
    assert reserved(world) == 0


def test_a_shorter_life_of_links_does_not_shorten_those_that_were_given_out(world: World, settings: Settings) -> None:
    started = begin(world)
    settings.FILEGRAPH_DIRECT_UPLOAD_LIFETIME = 60
    abort(world, started)
    world.pass_time(hours=23)
    world.sweep()
    assert reserved(world) == 5
    assert send(world, started.transport)
    world.check()


def test_a_store_whose_clock_is_behind_is_waited_for(world: World) -> None:
    started = begin(world)
    expire(world, started)
    world.pass_time(minutes=14)
    world.sweep()
    assert send(world, started.transport, behind=timedelta(minutes=15))
    assert (reserved(world), stored(world)) == (5, 5)
    world.pass_time(minutes=1)
    world.sweep()
    assert not send(world, started.transport, behind=timedelta(minutes=15))
    assert (reserved(world), stored(world)) == (0, 0)
    world.check()


def test_what_cannot_be_looked_for_stays_held(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    started = begin(world)
    abort(world, started)
    world.pass_time(days=1, minutes=15)
    with monkeypatch.context() as patch:
        patch.setattr(world.store, "delete", _broken)
        report = world.sweep()
    assert (report.released, report.failed) == (0, 1)
    assert reserved(world) == 5
    world.check()
    world.pass_time(hours=1)
    assert world.sweep().released == 1
    world.check()


def _broken(*_: object) -> None:
    raise OSError(5, "broken")


def test_a_put_that_takes_its_time_is_found_by_the_second_look(world: World) -> None:
    started = begin(world)
    slow = begin_put(world, started.transport, b"hello")
    abort(world, started)
    world.pass_time(days=1, minutes=15)
    assert world.sweep().released == 1
    slow.finish()
    world.check()
    world.pass_time(days=1)
    assert world.sweep().deleted == 1
    assert stored(world) == 0
    world.check()


def test_what_is_held_outlives_the_row_of_its_upload(world: World, settings: Settings) -> None:
    settings.FILEGRAPH_UPLOAD_RETENTION = 3600
    abort(world, begin(world))
    world.pass_time(hours=2)
    assert world.sweep().forgotten == 1
    assert reserved(world) == 5
    world.check()


def test_ending_twice_holds_once(world: World) -> None:
    started = begin(world)
    for _ in range(2):
        assert abort(world, started).state == UploadState.ABORTED
    with pytest.raises(UploadAborted):
        world.finalize("ed", started)
    assert reserved(world) == 5
    assert Tombstone.objects.count() == 1
    world.check()


def test_what_passes_through_us_is_given_back_at_once(world: World) -> None:
    started = world.begin("ed")
    world.put(started)
    abort(world, started)
    assert reserved(world) == 0
    world.check()
