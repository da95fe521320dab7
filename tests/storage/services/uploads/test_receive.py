from __future__ import annotations

from pathlib import Path

import pytest

from storage import tokens
from storage.errors import (
    ChecksumMismatch,
    InvalidToken,
    NotFound,
    PermissionDenied,
    SizeMismatch,
    StorageError,
    TokenExpired,
    UploadAborted,
    UploadAlreadyReceived,
    UploadExpired,
    UploadFailed,
    UploadSuperseded,
)
from storage.models import Drive, Item, Tombstone, Upload, UploadState
from storage.services import uploads
from storage.services.uploads import receive
from tests.components.uploads import World, make_world, sha256, token_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def test_a_file_goes_in_and_comes_out(world: World) -> None:
    file = world.upload("ed", "notes.txt", b"hello")
    assert world.read("vi", file) == b"hello"
    world.check()
    with pytest.raises(NotFound):
        world.read("stranger", file)


@pytest.mark.parametrize("gone", [False, True])
def test_an_account_that_is_deactivated_or_deleted_sends_nothing(world: World, gone: bool) -> None:
    started = world.begin("ed")
    user = world.people["ed"]
    user.is_active = False
    user.delete() if gone else user.save()
    with pytest.raises(NotFound):
        world.start(started)
    assert world.state(started) == UploadState.OPEN
    world.check()


def test_an_empty_file_is_a_file(world: World) -> None:
    first, second = world.upload("ed", "a", b""), world.upload("ed", "b", b"")
    assert world.read("vi", first) == world.read("vi", second) == b""
    world.check()


def test_what_is_received_is_safe_but_no_file_yet(world: World) -> None:
    started = world.begin("ed")
    arriving = world.start(started)
    assert world.state(started) == UploadState.RECEIVING
    arriving.writer.write(b"hello")
    assert list(world.store.keys()) == []
    world.finish(arriving)
    assert world.state(started) == UploadState.VERIFYING
    assert receive.status(token_of(started), now=world.now) == receive.UploadStatus(UploadState.VERIFYING, 5, 5)
    assert Item.objects.filter(name="a.txt").count() == 0
    world.check()


def test_who_may_not_upload_any_more_is_told_nothing_by_an_old_url(world: World) -> None:
    started = world.begin("ed")
    token = token_of(started)
    assert receive.status(token, now=world.now).state == UploadState.OPEN
    world.revoke("ed", "editor")
    with pytest.raises(NotFound):
        receive.status(token, now=world.now)
    world.grant("ed", "viewer")
    with pytest.raises(PermissionDenied):
        receive.status(token, now=world.now)
    world.revoke("ed", "viewer")
    world.grant("ed", "editor")
    Item.objects.filter(id=world.drive.id).update(trashed_at=world.now, trash_id=world.drive.id)
    with pytest.raises(NotFound):
        receive.status(token, now=world.now)


def test_another_length_is_refused_before_a_byte_is_read(world: World) -> None:
    started = world.begin("ed")
    for length in (0, 4, 6):
        with pytest.raises(SizeMismatch):
            world.start(started, content_length=length)
    assert world.state(started) == UploadState.OPEN
    assert world.start(started, content_length=None).size == 5


@pytest.mark.parametrize("data", [b"hell", b"hello!", b""])
def test_another_length_at_the_end_fails_the_upload(world: World, data: bytes) -> None:
    started = world.begin("ed")
    arriving = world.start(started, content_length=None)
    arriving.writer.write(data)
    with pytest.raises(SizeMismatch):
        world.finish(arriving, data)
    _assert_failed(world, started.upload.id, "SIZE_MISMATCH")
    with pytest.raises(UploadFailed):
        world.start(started)
    with pytest.raises(UploadFailed):
        world.finalize("ed", started)


def test_other_bytes_than_declared_fail_the_upload(world: World) -> None:
    started = world.begin("ed", sha256=sha256(b"hello"))
    arriving = world.start(started)
    arriving.writer.write(b"HELLO")
    with pytest.raises(ChecksumMismatch):
        world.finish(arriving, b"HELLO")
    _assert_failed(world, started.upload.id, "CHECKSUM_MISMATCH")


def _assert_failed(world: World, upload_id: str, reason: str) -> None:
    upload = Upload.objects.get(id=upload_id)
    assert (upload.state, upload.failure, upload.finished_at) == (UploadState.FAILED, reason, world.now)
    assert Drive.objects.get(id=world.drive.id).reserved_bytes == 0
    assert list(world.store.keys()) == []
    world.check()


def test_after_an_interruption_the_next_put_begins_anew(world: World) -> None:
    started = world.begin("ed")
    arriving = world.start(started)
    arriving.writer.write(b"he")
    receive.interrupt(arriving, now=world.now)
    assert world.state(started) == UploadState.OPEN
    world.check()
    world.put(started)
    assert world.finalize("ed", started).file is not None
    world.check()


def test_a_newer_put_takes_over(world: World) -> None:
    started = world.begin("ed")
    older = world.start(started)
    older.writer.write(b"OLDER")
    newer = world.start(started)
    newer.writer.write(b"NEWER")
    assert (older.attempt, newer.attempt) == (1, 2)
    assert older.key != newer.key
    with pytest.raises(UploadSuperseded):
        world.finish(older, b"OLDER")
    receive.interrupt(older, now=world.now)
    assert world.state(started) == UploadState.RECEIVING
    world.finish(newer, b"NEWER")
    file = world.finalize("ed", started).file
    assert file is not None
    assert world.read("vi", file) == b"NEWER"
    # What the older one stored all the same has a tombstone, and goes when the transaction of its finish is over.
    assert set(world.store.keys()) - set(Tombstone.objects.values_list("key", flat=True)) == {newer.key}
    world.check()


def test_an_older_put_that_ends_last_changes_nothing(world: World) -> None:
    started = world.begin("ed")
    older, newer = world.start(started), None
    older.writer.write(b"OLDER")
    newer = world.start(started)
    newer.writer.write(b"NEWER")
    world.finish(newer, b"NEWER")
    file = world.finalize("ed", started).file
    with pytest.raises(UploadSuperseded):
        world.finish(older, b"OLDER")
    assert file is not None
    assert world.read("vi", file) == b"NEWER"
    world.check()


def test_a_writer_overtaken_while_it_commits_leaves_only_a_tombstone(world: World) -> None:
    """The narrowest race: overtaken after the last look at the row, before the row is written."""
    started = world.begin("ed")
    older = world.start(started)
    older.writer.write(b"OLDER")
    commit = older.writer.commit

    def commit_late() -> None:
        world.put(started, b"NEWER")
        world.pass_time(days=2)
        world.sweep()
        commit()

    older.writer.commit = commit_late  # type: ignore[method-assign]
    with pytest.raises(UploadExpired):
        world.finish(older, b"OLDER")
    world.check()
    world.pass_time(days=2)
    world.sweep()
    assert list(world.store.keys()) == []
    world.check()


def test_a_url_is_spent_when_the_bytes_are_there(world: World) -> None:
    started = world.begin("ed")
    world.put(started)
    with pytest.raises(UploadAlreadyReceived):
        world.start(started)
    file = world.finalize("ed", started).file
    with pytest.raises(UploadAlreadyReceived):
        world.start(started)
    assert file is not None
    assert world.read("vi", file) == b"hello"


def test_an_abort_under_way_is_told_at_the_end(world: World) -> None:
    started = world.begin("ed")
    arriving = world.start(started)
    arriving.writer.write(b"hello")
    uploads.abort(world.actor("ed"), started.upload.id, now=world.now)
    with pytest.raises(UploadAborted):
        world.finish(arriving)
    with pytest.raises(UploadAborted):
        world.start(started)
    world.check()
    assert Drive.objects.get(id=world.drive.id).reserved_bytes == 0


def test_time_runs_out(world: World) -> None:
    started = world.begin("ed")
    world.pass_time(seconds=24 * 3600)
    with pytest.raises(UploadExpired):
        world.start(started)
    assert world.state(started) == UploadState.EXPIRED
    world.pass_time(seconds=1)
    with pytest.raises(TokenExpired):
        world.start(started)
    world.check()


@pytest.mark.parametrize("moment", ["before the put", "before finalize"])
def test_rights_are_asked_again(world: World, moment: str) -> None:
    started = world.begin("ed")
    if moment == "before finalize":
        world.put(started)
    world.revoke("ed", "editor")
    with pytest.raises(NotFound):
        _ = world.start(started) if moment == "before the put" else world.finalize("ed", started)
    world.grant("ed", "viewer")
    with pytest.raises(PermissionDenied):
        _ = world.start(started) if moment == "before the put" else world.finalize("ed", started)
    assert Item.objects.filter(name="a.txt").count() == 0
    world.check()


def test_a_folder_in_the_trash_takes_no_bytes(world: World) -> None:
    folder = world.folder()
    started = world.begin("ed", parent_id=folder.id)
    Item.objects.filter(id=folder.id).update(trash=folder.id, trashed_at=world.now)
    with pytest.raises(NotFound):
        world.start(started)


def test_another_token_opens_nothing(world: World) -> None:
    started = world.begin("ed")
    claim = tokens.DownloadClaim("user:1", started.upload.id, started.upload.id, False, 2**31)
    forged = tokens.sign_upload("0" * 26, started.upload.expires_at)
    for token in (tokens.sign_download(claim), token_of(started)[:-1], "", forged):
        with pytest.raises(InvalidToken):
            receive.start(token, content_length=5, now=world.now)


def test_a_store_that_fails_leaves_the_upload_to_the_next_try(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    started = world.begin("ed")

    def fail(*_: object) -> None:
        raise OSError(28, "full")

    for broken in ("open", "fsync"):
        with monkeypatch.context() as patch:
            patch.setattr(f"storage.backends.local.os.{broken}", fail)
            with pytest.raises(StorageError) as caught:
                world.put(started)
            assert caught.value.code in ("BACKEND_FULL", "BACKEND_UNAVAILABLE")
        assert world.state(started) == UploadState.OPEN
        world.check()
    world.put(started)
    assert world.finalize("ed", started).file is not None
    world.check()


def test_a_takeover_buries_the_former_object(world: World) -> None:
    started = world.begin("ed")
    former = world.start(started)
    world.put(started)
    assert Tombstone.objects.filter(key=former.key).exists()
    former.writer.abort()
