"""What nobody accounts for is found, and only what is known to be over is deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings

from authz.identifiers import new_identifier
from storage import keys
from storage.errors import BackendUnavailable
from storage.models import Backend, Blob, Tombstone, Upload
from storage.services import strays, uploads
from storage.services.strays import Found
from storage.services.uploads import StartedUpload
from tests.components.linked_store import DRIVER, LinkedBackend, begin_put, make_linked_world, send, stored
from tests.components.seaweedfs import SeaweedFS
from tests.components.uploads import World, make_direct_world, sha256

# What is discarded goes after a commit.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(settings: Settings) -> World:
    settings.FILEGRAPH_STORAGE_BACKEND_CLASSES = DRIVER
    return make_linked_world(quota=100)


def begin(world: World, name: str = "a.txt", data: bytes = b"hello") -> StartedUpload:
    return world.begin("ed", name, data, sha256=sha256(data))


def abort(world: World, started: StartedUpload) -> None:
    uploads.abort(world.actor("ed"), started.upload.id, now=world.now)


def look(world: World, limit: int = strays.PAGE) -> Found:
    return strays.look(now=world.now, limit=limit)


def foreign(world: World, key: str = "") -> str:
    """An object that no row knows."""
    store, staging = cast(LinkedBackend, world.store), new_identifier()
    key = key or keys.attempt_key("other", staging, 1)
    with store.open_writer(key) as writer:
        writer.write(b"theirs")
    store.set_time(key, world.now)
    return key


def stray(world: World, name: str = "a.txt", data: bytes = b"hello") -> None:
    """A PUT that outlives its link, its reservation and the tombstone of its key."""
    started = begin(world, name, data)
    put = begin_put(world, started.transport, data)
    abort(world, started)
    world.pass_time(days=1, minutes=15)
    assert world.sweep().released == 1
    world.pass_time(days=1)
    assert world.sweep().deleted == 1
    assert not Tombstone.objects.exists()
    put.finish()


def test_what_came_when_nobody_waited_any_more_is_deleted(world: World) -> None:
    stray(world)
    assert stored(world) == 5
    world.pass_time(hours=23)
    assert look(world) == Found(), "it is younger than a day"
    world.pass_time(days=1)
    assert world.sweep().strays == 1
    assert stored(world) == 0
    world.check()


def test_a_store_that_takes_no_new_bytes_is_gone_through_too(world: World) -> None:
    """Links to it that were given out before live on."""
    stray(world)
    Backend.objects.update(writable=False)
    world.pass_time(days=2)
    assert look(world) == Found(discarded=1)
    assert stored(world) == 0


def test_files_and_uploads_on_their_way_are_left_alone(world: World, settings: Settings) -> None:
    settings.FILEGRAPH_UPLOAD_LIFETIME = 30 * 24 * 3600
    settings.FILEGRAPH_DIRECT_UPLOAD_LIFETIME = 7 * 24 * 3600
    filed, waiting, ended, through = (
        begin(world),
        begin(world, "b", b"b"),
        begin(world, "c", b"c"),
        world.begin("ed", "d"),
    )
    assert send(world, filed.transport)
    file = world.finalize("ed", filed).file
    assert send(world, waiting.transport, b"b")
    abort(world, ended)
    assert send(world, ended.transport, b"c")
    world.put(through)
    world.pass_time(days=3)
    for key in list(world.store.keys()):
        cast(LinkedBackend, world.store).set_time(key, world.now - timedelta(days=2))
    assert look(world) == Found()
    assert len(list(world.store.keys())) == 4
    assert file is not None
    world.check()


def test_what_this_database_has_never_heard_of_is_told_and_stays(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """It may be a file of another installation, or one from before a restore of an older database."""
    unknown, other = foreign(world), foreign(world, "somebody/else.txt")
    world.pass_time(days=2)
    assert look(world) == Found(unknown=1)
    assert unknown in caplog.text
    assert other not in caplog.text
    assert set(world.store.keys()) == {unknown, other}


def test_a_stray_is_left_when_its_upload_is_forgotten(world: World) -> None:
    stray(world)
    Upload.objects.all().delete()
    world.pass_time(days=2)
    assert look(world) == Found(unknown=1)
    assert stored(world) == 5


def test_an_upload_that_becomes_a_file_between_the_questions_keeps_its_bytes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = begin(world)
    assert send(world, started.transport)
    cast(LinkedBackend, world.store).set_time(next(iter(world.store.keys())), world.now - timedelta(days=2))
    unaccounted, times = strays._unaccounted, iter([True])

    def overtaken(*arguments: object) -> list[str]:
        found = unaccounted(*arguments)  # type: ignore[arg-type]
        if next(times, False):
            assert world.finalize("ed", started).file is not None
        return found

    monkeypatch.setattr(strays, "_unaccounted", overtaken)
    assert look(world) == Found()
    assert Blob.objects.filter(key__in=list(world.store.keys())).count() == 1
    world.check()


def test_a_round_goes_on_where_it_stood_and_rests_for_a_day(world: World) -> None:
    for _ in range(5):
        foreign(world)
    world.pass_time(days=2)
    assert [look(world, limit=2).unknown for _ in range(4)] == [2, 2, 1, 0]
    row = Backend.objects.get(id=world.backend.id)
    assert (row.listed_up_to, row.listed_at) == ("", world.now)
    world.pass_time(hours=23)
    assert look(world) == Found()
    world.pass_time(hours=1)
    assert look(world) == Found(unknown=5)


def test_a_store_that_is_away_is_asked_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign(world)
    world.pass_time(days=2)
    with monkeypatch.context() as patch:
        patch.setattr(LinkedBackend, "listing", _away)
        assert look(world) == Found()
    assert Backend.objects.get(id=world.backend.id).listed_at is None
    assert look(world) == Found(unknown=1)


def _away(*_: object, **__: object) -> None:
    raise BackendUnavailable


def test_on_a_real_store(seaweed: SeaweedFS) -> None:
    world = make_direct_world(seaweed.config(prefix=f"tests/{uuid4().hex}"))
    started = begin(world)
    abort(world, started)
    Tombstone.objects.all().delete()
    type(world.drive).objects.update(reserved_bytes=0)
    assert world.send(started).status_code == 200
    kept = begin(world, "b", b"b")
    assert world.send(kept, b"b").status_code == 200
    assert world.finalize("ed", kept).file is not None
    assert look(world) == Found()
    Backend.objects.update(listed_at=None)
    world.now = datetime.now(UTC) + timedelta(days=2)
    assert [look(world, limit=1).discarded for _ in range(2)].count(1) == 1
    assert [world.store.size(key) for key in list(world.store.keys())] == [1]
    world.check()
