from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from storage.backends.local import LocalBackend
from storage.backends.s3.writer import PART
from storage.models import Backend, Blob, Drive, NodeKind, NodeRef, Tombstone, Upload, UploadState
from storage.services import trash
from storage.services.sweep import SweepReport, sweep
from tests.components.seaweedfs import SeaweedFS
from tests.components.uploads import World, given, make_direct_world, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def test_a_fresh_installation_has_nothing_to_sweep(world: World) -> None:
    world.upload("ed")
    assert world.sweep() == SweepReport()


def test_uploads_whose_time_is_over_give_back_what_they_held(world: World) -> None:
    opened, receiving, verifying = (world.begin("ed", name) for name in "abc")
    arriving = world.start(receiving)
    world.put(verifying)
    world.upload("ed", "kept", b"kept")
    world.pass_time(days=1)
    young = world.begin("ed", "young")
    # What was received goes at once; the one on its way has the grace period, for its writer may not know.
    report = world.sweep()
    assert (report.expired, report.deleted) == (3, 1)
    for each in (opened, receiving, verifying):
        assert world.state(each) == UploadState.EXPIRED
    assert world.state(young) == UploadState.OPEN
    assert Drive.objects.get(id=world.drive.id).reserved_bytes == 5
    arriving.writer.abort()
    world.check()
    world.pass_time(days=1)
    assert world.sweep().deleted == 1
    assert len(list(world.store.keys())) == 1
    world.check()


def test_bytes_of_a_file_stay_for_the_grace_period(world: World) -> None:
    world.upload("ed", "a", b"kept")
    file = NodeRef(NodeKind.FILE, world.upload("ed", "b", b"gone").id)
    given(trash.trash(world.actor("olga"), None, [file], now=world.now)[0])
    given(trash.purge(world.actor("olga"), [file], now=world.now)[0])
    world.pass_time(hours=23)
    assert world.sweep().deleted == 0
    assert len(list(world.store.keys())) == 2
    world.pass_time(hours=1)
    assert world.sweep().deleted == 1
    assert world.sweep() == SweepReport()
    world.check()


def test_bytes_of_a_file_are_never_deleted_whatever_a_tombstone_says(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    file = world.upload("ed")
    Tombstone.objects.create(backend=world.backend, key=Blob.objects.get().key, delete_after=world.now)
    assert world.sweep() == SweepReport()
    assert world.read("vi", file) == b"hello"
    assert "ERROR" in caplog.text
    world.check()


def test_what_cannot_be_deleted_is_tried_later_and_holds_up_nobody(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_world(tmp_path)
    for each in (world, other):
        each.upload("ed", "a", b"same")
        each.upload("ed", "b", b"same")
    world.pass_time(days=1)
    with monkeypatch.context() as patch:
        patch.setattr(world.store, "delete", _broken)
        report = world.sweep()
    assert (report.deleted, report.failed) == (1, 1)
    world.check()
    assert world.sweep() == SweepReport()
    world.pass_time(hours=1)
    assert world.sweep().deleted == 1


def test_a_store_that_is_away_is_left_alone_and_what_it_refuses_for_good_holds_up_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that hangs takes seconds for each question; another one's bytes would wait for hours."""
    for name in "abcdefg":
        world.upload("ed", name, b"same")
    world.pass_time(days=1)
    poisoned: set[str] = set()
    asked: list[str] = []
    delete = world.store.delete

    def refuse(key: str) -> None:
        asked.append(key)
        if key in poisoned or len(poisoned) < 3:
            poisoned.add(key)
            raise OSError(5, "broken")
        delete(key)

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "delete", refuse)
        assert world.sweep().failed == 3
        assert world.sweep() == SweepReport()
        assert len(asked) == len(poisoned) == 3
        world.pass_time(minutes=10)
        assert world.sweep().deleted == 3
    world.check()
    world.pass_time(hours=1)
    assert world.sweep().deleted == 3
    world.check()


def _broken(*_: object) -> None:
    raise OSError(5, "broken")


def test_a_backend_that_cannot_be_made_is_left_out(world: World) -> None:
    world.upload("ed", "a", b"same")
    world.upload("ed", "b", b"same")
    Backend.objects.filter(id=world.backend.id).update(driver="gone")
    world.pass_time(days=1)
    assert world.sweep().failed == 1
    assert Tombstone.objects.count() == 1


def test_remains_of_killed_writers_go(world: World) -> None:
    arriving = world.start(world.begin("ed"))
    store = world.store
    assert isinstance(store, LocalBackend)
    (name,) = os.listdir(store._tmp)
    os.utime(Path(store._tmp) / name, (world.now.timestamp(),) * 2)
    world.pass_time(hours=23)
    assert world.sweep().stale == 0
    world.pass_time(hours=2)
    assert world.sweep().stale == 1
    assert os.listdir(store._tmp) == []
    arriving.writer.abort()


def test_a_put_of_hours_is_no_remain_while_its_upload_lives(seaweed: SeaweedFS, settings: Settings) -> None:
    """A store tells when a write began, and not when its last part came."""
    settings.FILEGRAPH_TOMBSTONE_GRACE = 3600
    world = make_direct_world(seaweed.config())
    data = bytes(PART + 1)
    arriving = world.start(world.begin("ed", data=data))
    arriving.writer.write(data)
    world.pass_time(hours=23)
    assert world.sweep().stale == 0
    world.finish(arriving, data)
    assert world.store.stat(arriving.key).size == len(data)


def test_remains_go_from_a_store_that_takes_no_new_bytes(world: World) -> None:
    arriving = world.start(world.begin("ed"))
    Backend.objects.update(writable=False)
    store = world.store
    assert isinstance(store, LocalBackend)
    (name,) = os.listdir(store._tmp)
    os.utime(Path(store._tmp) / name, (world.now.timestamp(),) * 2)
    world.pass_time(days=2)
    assert world.sweep().stale == 1
    arriving.writer.abort()


def test_rows_of_old_uploads_are_forgotten_and_files_are_not(world: World) -> None:
    file = world.upload("ed", "a", idempotency_key="k")
    world.pass_time(days=29)
    assert world.sweep().forgotten == 0
    world.pass_time(days=2)
    assert world.sweep().forgotten == 1
    assert Upload.objects.count() == 0
    assert world.read("vi", file) == b"hello"
    world.check()


def test_a_limit_is_kept(world: World) -> None:
    for name in "abcde":
        world.begin("ed", name)
    world.pass_time(days=1)
    assert sweep(now=world.now, limit=2).expired == 2
    assert sweep(now=world.now, limit=2).expired == 2
    assert sweep(now=world.now, limit=2).expired == 1
    world.check()
