from __future__ import annotations

from pathlib import Path

import pytest

from storage.errors import NotFound, UploadAborted, UploadAlreadyReceived, UploadSuperseded
from storage.models import Drive, Tombstone, Upload, UploadState
from storage.services.uploads import states
from tests.components.uploads import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


@pytest.mark.parametrize("change", [{"state": UploadState.ABORTED}, {"attempt": 7}, {"state": UploadState.RECEIVING}])
def test_who_comes_late_changes_nothing(world: World, change: dict[str, object]) -> None:
    upload = world.begin("ed").upload
    stale = Upload.objects.select_related("drive").get(id=upload.id)
    Upload.objects.filter(id=upload.id).update(**change)
    assert not states.end(stale, stale.drive, UploadState.FAILED, now=world.now, failure="X")
    assert (stale.state, stale.failure) == (UploadState.OPEN, "")
    row = Upload.objects.get(id=upload.id)
    assert row.state == change.get("state", UploadState.OPEN)
    assert row.failure == ""
    assert Drive.objects.get(id=world.drive.id).reserved_bytes == 5


def test_an_end_is_told_in_the_row_and_in_the_object(world: World) -> None:
    started = world.begin("ed")
    world.put(started)
    upload = Upload.objects.select_related("drive").get(id=started.upload.id)
    key = states.owned_key(upload, upload.drive)
    assert key is not None
    assert states.end(upload, upload.drive, UploadState.FAILED, now=world.now, failure="X")
    assert (upload.state, upload.failure, upload.finished_at) == (UploadState.FAILED, "X", world.now)
    assert list(Tombstone.objects.values_list("key", flat=True)) == [key]
    assert not states.is_live(upload)
    world.check()


def test_why_a_writer_may_not_go_on(world: World) -> None:
    started = world.begin("ed")
    arriving = world.start(started)
    newer = world.start(started)
    assert isinstance(states.refusal(started.upload.id, arriving.attempt), UploadSuperseded)
    newer.writer.write(b"hello")
    world.finish(newer)
    assert isinstance(states.refusal(started.upload.id, newer.attempt), UploadAlreadyReceived)
    Upload.objects.filter(id=started.upload.id).update(state=UploadState.ABORTED)
    assert isinstance(states.refusal(started.upload.id, newer.attempt), UploadAborted)
    assert isinstance(states.refusal("nothing", 1), NotFound)
    arriving.writer.abort()
