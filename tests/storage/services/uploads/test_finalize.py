from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from authz.services.active_model import pinned
from storage.errors import (
    ChecksumMismatch,
    Conflict,
    DriveReadOnly,
    InvalidArgument,
    NameTaken,
    NotFound,
    PermissionDenied,
    StorageError,
    UploadAborted,
    UploadExpired,
    UploadFailed,
    UploadIncomplete,
)
from storage.models import Blob, ConflictPolicy, Drive, FileVersion, Item, Tombstone, UploadState
from storage.services import uploads
from storage.services.uploads import FinalizedUpload, FinalizeRequest, StartedUpload
from tests.components.uploads import World, make_world, sha256

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def test_a_file_is_what_arrived(world: World) -> None:
    folder = world.folder()
    started = world.begin("ed", "données.csv", b"a,b\n", parent_id=folder.id, content_type="text/html")
    world.put(started, b"a,b\n")
    answer = world.finalize("ed", started)
    file = answer.file
    assert file is not None
    assert (file.id, file.name, file.parent_id) == (started.upload.file_id, "données.csv", folder.id)
    assert (file.size, file.sha256, file.content_type) == (4, sha256(b"a,b\n"), "text/csv")
    assert str(file.created_by_id) == str(world.people["ed"].pk)
    assert Item.objects.get(id=file.id).current_version_id == file.current_version_id
    assert answer.upload.state == world.state(started) == UploadState.READY
    drive = Drive.objects.get(id=world.drive.id)
    assert (drive.used_bytes, drive.reserved_bytes) == (4, 0)
    world.check()


def test_finalizing_twice_is_finalizing_once(world: World) -> None:
    started = world.begin("ed")
    world.put(started)
    first, second = world.finalize("ed", started), world.finalize("ed", started)
    assert first.file == second.file
    assert FileVersion.objects.count() == 1
    both = uploads.finalize(world.actor("ed"), [FinalizeRequest(started.upload.id)] * 2, now=world.now)
    assert [answer.file for answer in both if isinstance(answer, FinalizedUpload)] == [first.file] * 2
    world.check()


def test_the_same_upload_twice_in_one_batch(world: World) -> None:
    started = world.begin("ed")
    world.put(started)
    both = uploads.finalize(world.actor("ed"), [FinalizeRequest(started.upload.id)] * 2, now=world.now)
    assert both[0] == both[1]
    assert FileVersion.objects.count() == 1
    world.check()


@pytest.mark.parametrize("told", [["", "0" * 64], ["0" * 64, ""], [sha256(b"hello"), "0" * 64]])
def test_each_hash_that_is_told_of_an_upload_in_a_batch_counts(world: World, told: list[str]) -> None:
    started = world.begin("ed")
    world.put(started)
    requests = [FinalizeRequest(started.upload.id, each) for each in told]
    answers = uploads.finalize(world.actor("ed"), requests, now=world.now)
    assert [type(answer) for answer in answers] == [ChecksumMismatch] * 2
    assert world.state(started) == UploadState.FAILED
    world.check()


def test_before_the_bytes_there_is_nothing_to_finalize(world: World) -> None:
    started = world.begin("ed")
    with pytest.raises(UploadIncomplete):
        world.finalize("ed", started)
    world.start(started).writer.abort()
    with pytest.raises(UploadIncomplete):
        world.finalize("ed", started)
    world.check()


@pytest.mark.parametrize("who", ["olga", "vi", "up", "stranger"])
def test_another_ones_upload_is_not_there(world: World, who: str) -> None:
    started = world.begin("ed")
    world.put(started)
    with pytest.raises(NotFound):
        world.finalize(who, started)
    with pytest.raises(NotFound):
        uploads.get(world.actor(who), started.upload.id)
    with pytest.raises(NotFound):
        uploads.abort(world.actor(who), started.upload.id, now=world.now)
    assert uploads.get(world.actor("ed"), started.upload.id).id == started.upload.id
    with pytest.raises(NotFound):
        world.finalize("ed", "nothing")


def test_rights_are_asked_before_an_upload_is_called_incomplete(world: World) -> None:
    opened, arriving = world.begin("ed", "a"), world.begin("ed", "b")
    writer = world.start(arriving).writer
    for each in (opened, arriving):
        with pytest.raises(UploadIncomplete):
            world.finalize("ed", each, sha256(b"hello"))
    world.revoke("ed", "editor")
    for each in (opened, arriving):
        with pytest.raises(NotFound):
            world.finalize("ed", each)
    world.grant("ed", "viewer")
    for each in (opened, arriving):
        with pytest.raises(PermissionDenied):
            world.finalize("ed", each)
    writer.abort()


def test_a_transport_is_for_who_may_upload_still(world: World) -> None:
    opened, sent, done, gone = (world.begin("ed", name) for name in "abcd")
    for each in (sent, done):
        world.put(each, b"hello")
    world.finalize("ed", done)
    uploads.abort(world.actor("ed"), gone.upload.id, now=world.now)
    ids = [each.upload.id for each in (opened, sent, done, gone)]
    assert _transports(world, ids) == ["SinglePut", "AlreadyThere", "AlreadyThere", "NoneType"]
    world.revoke("ed", "editor")
    assert _transports(world, ids) == ["NoneType", "NoneType", "AlreadyThere", "NoneType"]


def _transports(world: World, ids: list[str]) -> list[str]:
    rows = uploads.get_many(world.actor("ed"), ids)
    found = uploads.transports(world.actor("ed"), list(rows.values()), now=world.now)
    return [type(found[upload_id]).__name__ for upload_id in ids]


def test_a_wrong_hash_ends_the_upload(world: World) -> None:
    started = world.begin("ed")
    world.put(started)
    with pytest.raises(ChecksumMismatch):
        world.finalize("ed", started, sha256(b"other"))
    assert world.state(started) == UploadState.FAILED
    with pytest.raises(UploadFailed):
        world.finalize("ed", started, sha256(b"hello"))
    assert Tombstone.objects.count() == 1
    world.check()


def test_a_wrong_hash_does_not_end_a_file(world: World) -> None:
    started = world.begin("ed")
    world.put(started)
    file = world.finalize("ed", started, sha256(b"hello").upper()).file
    with pytest.raises(ChecksumMismatch):
        world.finalize("ed", started, sha256(b"other"))
    assert world.finalize("ed", started).file == file
    world.check()


def test_time_runs_out(world: World) -> None:
    started = world.begin("ed")
    world.put(started)
    world.pass_time(days=1)
    with pytest.raises(UploadExpired):
        world.finalize("ed", started)
    assert world.state(started) == UploadState.EXPIRED
    world.check()
    world.pass_time(days=1)
    world.sweep()
    assert list(world.store.keys()) == []


def test_an_aborted_upload_is_over_and_a_file_cannot_be_aborted(world: World) -> None:
    started = world.begin("ed")
    world.put(started)
    for _ in range(2):
        assert uploads.abort(world.actor("ed"), started.upload.id, now=world.now).state == UploadState.ABORTED
    with pytest.raises(UploadAborted):
        world.finalize("ed", started)
    world.check()
    other = world.begin("ed")
    world.put(other)
    world.finalize("ed", other)
    with pytest.raises(Conflict):
        uploads.abort(world.actor("ed"), other.upload.id, now=world.now)


def test_a_name_taken_in_between(world: World) -> None:
    first, second = world.begin("ed"), world.begin("ed")
    varied = world.begin("ed", on_conflict=ConflictPolicy.RENAME)
    for started in (first, second, varied):
        world.put(started)
    world.finalize("ed", first)
    with pytest.raises(NameTaken):
        world.finalize("ed", second)
    assert world.state(second) == UploadState.VERIFYING
    renamed = world.finalize("ed", varied).file
    assert renamed is not None
    assert renamed.name == "a (2).txt"
    Item.objects.filter(name="a.txt").update(name="b.txt", name_key="b.txt")
    assert world.finalize("ed", second).file is not None
    world.check()


def test_the_same_name_twice_in_one_batch(world: World) -> None:
    started = [world.begin("ed", on_conflict=policy) for policy in (ConflictPolicy.FAIL, *[ConflictPolicy.RENAME] * 2)]
    for each in started:
        world.put(each)
    answers = _finalize_all(world, "ed", started)
    assert [_name(answer) for answer in answers] == ["a.txt", "a (2).txt", "a (3).txt"]
    world.check()


def test_replacing_makes_a_version_and_keeps_the_file(world: World) -> None:
    file = world.upload("ed", "a.txt", b"one")
    world.pass_time(minutes=1)
    started = world.begin("olga", "a.txt", b"second", on_conflict=ConflictPolicy.REPLACE)
    world.put(started, b"second")
    replaced = world.finalize("olga", started).file
    assert replaced is not None
    assert (replaced.id, replaced.created_at) == (file.id, file.created_at)
    assert replaced.updated_at == world.now
    assert world.read("vi", replaced) == b"second"
    assert world.read("vi", file) == b"one"
    assert list(FileVersion.objects.filter(file=file).order_by("number").values_list("number", flat=True)) == [1, 2]
    assert Drive.objects.get(id=world.drive.id).used_bytes == 9
    assert world.finalize("olga", started).file == replaced
    world.check()


def test_replacing_asks_again_for_the_right_to_edit(world: World) -> None:
    file = world.upload("olga", "a.txt", b"one")
    started = world.begin("ed", "a.txt", b"two", on_conflict=ConflictPolicy.REPLACE)
    world.put(started, b"two")
    world.grant("ed", "blocked", f"file:{file.id}")
    with pytest.raises(StorageError):
        world.finalize("ed", started)
    assert world.read("olga", file) == b"one"
    world.check()


@pytest.mark.parametrize("policy", list(ConflictPolicy))
def test_a_drop_box_tells_nothing_and_replaces_nothing(world: World, policy: ConflictPolicy) -> None:
    file = world.upload("olga", "a.txt", b"secret")
    taken = world.begin("up", "a.txt", b"mine", on_conflict=policy)
    free = world.begin("up", "b.txt", b"mine", on_conflict=policy)
    for started in (taken, free):
        world.put(started, b"mine")
        answer = world.finalize("up", started)
        assert (answer.file, answer.upload.state) == (None, UploadState.READY)
        assert world.finalize("up", started).file is None
    names = Item.objects.filter(parent=world.drive.id).values_list("name", flat=True)
    assert sorted(names) == ["a (2).txt", "a.txt", "b.txt"]
    assert world.read("olga", file) == b"secret"
    world.check()


def test_the_same_bytes_are_kept_once(world: World) -> None:
    world.upload("ed", "a", b"same")
    world.upload("olga", "b", b"same")
    assert Blob.objects.count() == 1
    assert Tombstone.objects.count() == 1
    assert Drive.objects.get(id=world.drive.id).used_bytes == 8
    world.check()
    world.pass_time(days=2)
    world.sweep()
    assert len(list(world.store.keys())) == 1
    assert [world.read("vi", file) for file in Item.objects.filter(size=4)] == [b"same", b"same"]
    world.check()


def test_the_same_bytes_twice_in_one_batch(world: World) -> None:
    started = [world.begin("ed", str(n), b"same") for n in range(3)]
    for each in started:
        world.put(each, b"same")
    _finalize_all(world, "ed", started)
    assert Blob.objects.count() == 1
    world.check()


def test_drives_do_not_share_bytes(world: World, tmp_path: Path) -> None:
    other = make_world(tmp_path)
    world.upload("ed", "a", b"same")
    other.upload("ed", "a", b"same")
    assert Blob.objects.count() == 2
    world.check()


def test_bytes_that_were_there_and_have_gone_must_be_sent(world: World) -> None:
    """Begun without sending; then the right to read the original goes, or the original itself."""
    file = world.upload("olga", "a", b"same")
    started = world.begin("ed", "b", b"same", sha256=sha256(b"same"))
    assert world.state(started) == UploadState.VERIFYING
    world.grant("ed", "blocked", f"file:{file.id}")
    with pytest.raises(UploadIncomplete):
        world.finalize("ed", started)
    world.check()
    upload = uploads.get(world.actor("ed"), started.upload.id)
    transport = uploads.transport_of(upload, world.store, now=world.now)
    assert isinstance(transport, uploads.SinglePut)
    world.put(StartedUpload(upload, transport), b"same")
    assert world.finalize("ed", started).file is not None
    world.check()


def test_an_archived_drive_keeps_the_upload_waiting(world: World) -> None:
    started = world.begin("ed")
    world.put(started)
    Drive.objects.filter(id=world.drive.id).update(archived_at=world.now)
    with pytest.raises(DriveReadOnly):
        world.finalize("ed", started)
    Drive.objects.filter(id=world.drive.id).update(archived_at=None)
    assert world.finalize("ed", started).file is not None


def test_a_file_that_has_gone_since_is_not_told(world: World) -> None:
    started = world.begin("ed")
    world.put(started)
    file = world.finalize("ed", started).file
    assert file is not None
    Item.objects.filter(id=file.id).update(trash=file.id, trashed_at=world.now)
    assert world.finalize("ed", started).file is None


def test_one_refusal_leaves_the_others_be(world: World) -> None:
    good, late, other = world.begin("ed", "good"), world.begin("ed", "late"), world.begin("olga", "other")
    world.put(good)
    world.put(other)
    answers = _finalize_all(world, "ed", [late, good, other])
    assert [type(answer) for answer in answers] == [UploadIncomplete, FinalizedUpload, NotFound]
    world.check()


def test_the_statements_of_a_batch_do_not_grow_with_it(
    world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    started = world.begin_all("ed", [world.request(str(n), str(n).encode()) for n in range(100)])
    for number, each in enumerate(started):
        assert isinstance(each, StartedUpload)
        world.put(each, str(number).encode())
    # PostgreSQL has many writers at once: the account is held, and who takes memberships away is waited for.
    locks = 2 if connection.vendor == "postgresql" else 0
    with pinned(), django_assert_max_num_queries(12 + locks):
        answers = _finalize_all(world, "ed", [each for each in started if isinstance(each, StartedUpload)])
    assert all(isinstance(answer, FinalizedUpload) for answer in answers)
    world.check()


def test_a_batch_has_a_limit(world: World) -> None:
    with pytest.raises(InvalidArgument):
        uploads.finalize(world.actor("ed"), [FinalizeRequest("x")] * 101, now=world.now)
    assert uploads.finalize(world.actor("ed"), [], now=world.now) == []


def _finalize_all(world: World, who: str, started: list[StartedUpload]) -> list[FinalizedUpload | StorageError]:
    requests = [FinalizeRequest(each.upload.id) for each in started]
    return uploads.finalize(world.actor(who), requests, now=world.now)


def _name(answer: FinalizedUpload | StorageError) -> str | None:
    return answer.file.name if isinstance(answer, FinalizedUpload) and answer.file else None
