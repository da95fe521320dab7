"""Room that is given back is there: what never became a file goes at once, what was one goes after the grace period."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, transaction

from storage import conf, registry
from storage.errors import ChecksumMismatch, StorageError, UploadAborted, UploadExpired
from storage.models import Backend, Item, NodeKind, NodeRef, Tombstone, Upload, UploadState
from storage.services import tombstones, trash, uploads
from storage.services.uploads import StartedUpload, receive
from tests.components.uploads import World, given, make_world

# What happens after a commit can only be seen where something is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path, quota=100)


def keys(world: World) -> list[str]:
    return list(world.store.keys())


def abort(world: World, started: StartedUpload) -> None:
    uploads.abort(world.actor("ed"), started.upload.id, now=world.now)


def expire(world: World, started: StartedUpload) -> None:
    world.pass_time(days=1)
    with pytest.raises(UploadExpired):
        world.finalize("ed", started)


def sweep(world: World, _: StartedUpload) -> None:
    world.pass_time(days=1)
    assert world.sweep().expired == 1


def fail(world: World, started: StartedUpload) -> None:
    with pytest.raises(ChecksumMismatch):
        world.finalize("ed", started, "f" * 64)


def purge_folder(world: World, started: StartedUpload) -> None:
    olga = world.actor("olga")
    ref = [NodeRef(NodeKind.FOLDER, started.upload.parent_id)]
    given(trash.trash(olga, None, ref, now=world.now)[0])
    given(trash.purge(olga, ref, now=world.now)[0])


@pytest.mark.parametrize("end", [abort, expire, sweep, fail, purge_folder])
def test_what_was_never_a_file_leaves_the_store_with_its_reservation(
    world: World, end: Callable[[World, StartedUpload], None]
) -> None:
    """Else one person could fill the disk, however small her quota: send, give up, send again."""
    for _ in range(3):
        folder = world.folder(f"folder-{Item.objects.count()}")
        started = world.begin("ed", "a", b"x" * 100, parent_id=folder.id)
        world.put(started, b"x" * 100)
        assert len(keys(world)) == 1
        end(world, started)
        assert keys(world) == []
        assert Tombstone.objects.count() == 0
        world.check()


def test_a_second_copy_leaves_the_store_when_its_upload_is_finalized(world: World) -> None:
    file = world.upload("ed", "a", b"same")
    (key,) = keys(world)
    copy = world.upload("ed", "b", b"same")
    assert keys(world) == [key]
    assert Tombstone.objects.count() == 0
    assert world.read("vi", file) == world.read("vi", copy) == b"same"
    world.check()


def test_what_was_a_file_stays_for_the_grace_period(world: World) -> None:
    file = world.upload("ed")
    ref = [NodeRef(NodeKind.FILE, file.id)]
    given(trash.trash(world.actor("olga"), None, ref, now=world.now)[0])
    given(trash.purge(world.actor("olga"), ref, now=world.now)[0])
    assert len(keys(world)) == 1
    grace = timedelta(seconds=conf.current().tombstone_grace)
    assert Tombstone.objects.get().delete_after == world.now + grace
    world.check()


def test_nothing_is_deleted_before_the_commit_nor_after_a_rollback(world: World) -> None:
    started = world.begin("ed")
    world.put(started)
    with transaction.atomic():
        abort(world, started)
        assert len(keys(world)) == 1
        transaction.set_rollback(True)
    assert len(keys(world)) == 1
    assert world.state(started) == UploadState.VERIFYING
    assert world.finalize("ed", started).file is not None
    world.check()


def test_what_cannot_be_deleted_now_is_left_to_the_next_sweep(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    started = world.begin("ed")
    world.put(started)
    with monkeypatch.context() as patch:
        patch.setattr(world.store, "delete", _broken)
        abort(world, started)
    assert len(keys(world)) == 1
    world.check()
    assert world.sweep().deleted == 1
    assert keys(world) == []
    world.check()


def test_a_store_that_is_away_is_asked_once_and_not_for_each_object(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person whose request it is would wait for all of them."""
    folder = world.folder()
    for name in "abc":
        started = world.begin("ed", name, parent_id=folder.id)
        world.put(started)
    asked: list[object] = []

    def broken(*key: object) -> None:
        asked.append(key)
        raise OSError(5, "broken")

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "delete", broken)
        purge_folder(world, started)
    assert len(asked) == 1
    world.check()
    assert world.sweep().deleted == 3
    world.check()


def test_a_store_that_cannot_be_made_disturbs_nobody(world: World) -> None:
    started = world.begin("ed")
    world.put(started)
    driver = world.backend.driver
    Backend.objects.filter(id=world.backend.id).update(driver="gone")
    registry.forget()
    abort(world, started)
    Backend.objects.filter(id=world.backend.id).update(driver=driver)
    registry.forget()
    assert world.state(started) == UploadState.ABORTED
    assert world.sweep().deleted == 1
    world.check()


def _broken(*_: object) -> None:
    raise OSError(5, "broken")


def test_a_writer_that_does_not_know_of_its_end_is_accounted_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between its last look at the row and its object being there, somebody aborts. Killed there, it leaves an object:
    the tombstone is still standing. Not killed, it takes the object away itself."""
    started = world.begin("ed")
    arriving = world.start(started)
    arriving.writer.write(b"hello")
    commit = type(arriving.writer).commit

    def late(writer: object) -> None:
        abort(world, started)
        assert Tombstone.objects.count() == 1
        commit(writer)  # type: ignore[arg-type]
        world.check()

    monkeypatch.setattr(type(arriving.writer), "commit", late)
    with pytest.raises(UploadAborted):
        world.finish(arriving)
    assert keys(world) == []
    assert Tombstone.objects.count() == 0
    world.check()


def test_an_object_that_a_killed_writer_left_goes_with_the_abort(world: World) -> None:
    started = world.begin("ed")
    arriving = world.start(started)
    arriving.writer.write(b"hello")
    arriving.writer.commit()
    assert len(keys(world)) == 1
    abort(world, started)
    assert keys(world) == []
    world.check()


def test_a_newer_put_leaves_nothing_of_the_older(world: World) -> None:
    started = world.begin("ed")
    arriving = world.start(started)
    arriving.writer.write(b"hello")
    arriving.writer.commit()
    newer = world.start(started)
    assert keys(world) == []
    with pytest.raises(StorageError):
        receive.finish(arriving, size=5, sha256="0" * 64, content_type="", now=world.now)
    newer.writer.write(b"hello")
    world.finish(newer)
    assert world.finalize("ed", started).file is not None
    assert Upload.objects.get().attempt == 2
    world.check()


def test_burying_twice_is_burying_once(world: World) -> None:
    for _ in range(2):
        tombstones.bury(world.backend.id, ["a/1", "a/2"], now=world.now)
    assert Tombstone.objects.count() == 2
    tombstones.discard(world.backend.id, [], settled=True, now=world.now)
    assert Tombstone.objects.count() == 2


def test_a_database_that_goes_away_after_the_commit_takes_nothing_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise OperationalError("the connection is lost")

    started = world.begin("ed")
    world.put(started)
    monkeypatch.setattr(tombstones, "_delete", gone)
    abort(world, started)
    assert Upload.objects.get(id=started.upload.id).state == UploadState.ABORTED
