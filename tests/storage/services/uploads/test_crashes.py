"""Killed at every step of an upload's life: what was acknowledged stays, everything else is the old state or the new
one, and doing it again ends well."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.errors import StorageError, UploadExpired, UploadFailed
from storage.models import Item, Upload
from storage.services.uploads import SinglePut, StartedUpload
from tests.components.crash import killed_at
from tests.components.uploads import World, make_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
# Coprime to the rhythm of the steps, so that a short run meets each kind of them.
STRIDE = 1 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 5
MOST_STEPS = 400


def _begin(world: World) -> StartedUpload:
    return world.begin("ed", "a.txt", b"hello", idempotency_key="k")


def _put(world: World, started: StartedUpload) -> None:
    if isinstance(started.transport, SinglePut):
        world.put(started, b"hello")


def _whole(world: World) -> None:
    started = _begin(world)
    _put(world, started)
    world.finalize("ed", started)


def _sweep(world: World) -> None:
    world.sweep()


def _nothing(world: World) -> None:
    pass


def _abandoned(world: World) -> None:
    """Uploads in every state whose time is over, a second copy of the same bytes, and a day gone by."""
    world.upload("ed", "kept", b"kept")
    world.upload("ed", "copy", b"kept")
    world.begin("ed", "open")
    world.start(world.begin("ed", "receiving")).writer.abort()
    world.put(world.begin("ed", "verifying"))
    world.pass_time(days=1)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("prepare", "work"),
    [(_nothing, _whole), (_abandoned, _sweep)],
    ids=["upload", "sweep"],
)
def test_killed_at_every_step(
    tmp_path: Path, prepare: Callable[[World], None], work: Callable[[World], None], after: bool
) -> None:
    for at in range(1, MOST_STEPS, STRIDE):
        world = make_world(tmp_path)
        prepare(world)
        acknowledged = {
            item.id: world.read("olga", item) for item in Item.objects.filter(drive=world.drive, kind="file")
        }
        with killed_at(at, after=after) as steps:
            work(world)
        world.check()
        _recover(world)
        world.check()
        for file_id, data in acknowledged.items():
            assert world.read("olga", Item.objects.get(id=file_id)) == data
        if not steps.dead:
            assert steps.count < at
            return
    pytest.fail("the work never ended")


def _recover(world: World) -> None:
    """Do what a client and a timer would: begin again with the same key, send, finalize; sweep when time has passed."""
    started = _begin(world)
    _put(world, started)
    answer = world.finalize("ed", started)
    assert answer.file is not None
    assert world.read("vi", answer.file) == b"hello"
    assert Upload.objects.filter(drive=world.drive, idempotency_key="k").count() == 1
    assert Item.objects.filter(drive=world.drive, name="a.txt").count() == 1
    for _ in range(2):
        world.pass_time(days=2)
        world.sweep()
    world.drive.refresh_from_db()
    assert world.drive.reserved_bytes == 0
    kept = Item.objects.filter(drive=world.drive, kind="file").values("sha256").distinct().count()
    assert len(list(world.store.keys())) == kept


def test_the_killer_kills(tmp_path: Path) -> None:
    """The control: a service that tells the row before the bytes are durable is caught by the same check."""
    world = make_world(tmp_path)
    started = _begin(world)
    arriving = world.start(started)
    Upload.objects.filter(id=started.upload.id).update(state="verifying", received_size=5, received_sha256="0" * 64)
    arriving.writer.abort()
    with pytest.raises(AssertionError, match="I1"):
        world.check()
    with pytest.raises((UploadExpired, UploadFailed, StorageError)):
        world.put(started)
