from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from authz.services.active_model import pinned
from storage.errors import (
    Conflict,
    DriveReadOnly,
    FileTooLarge,
    InvalidArgument,
    InvalidName,
    NameTaken,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    StorageError,
    TooManyUploads,
    UploadAborted,
    UploadExpired,
)
from storage.models import Backend, ConflictPolicy, Drive, Item, Upload, UploadState
from storage.services import uploads
from storage.services.uploads import AlreadyThere, SinglePut, StartedUpload
from tests.components.uploads import World, make_world, sha256

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def test_a_begun_upload_is_open_and_has_a_way_to_send_the_bytes(world: World) -> None:
    started = world.begin("ed", "a.txt", b"hello", content_type="text/plain; charset=utf-8")
    assert isinstance(started.transport, SinglePut)
    assert started.transport.path.startswith("/u/")
    assert started.transport.expires_at == started.upload.expires_at > world.now
    assert world.state(started) == UploadState.OPEN
    assert Drive.objects.get(id=world.drive.id).reserved_bytes == 5
    world.check()


def test_only_a_random_key_and_an_id_travel_not_the_name(world: World) -> None:
    started = world.begin("ed", "salaries.txt", b"hello")
    assert "salaries" not in started.upload.staging_key
    assert isinstance(started.transport, SinglePut)
    assert "salaries" not in started.transport.path


@pytest.mark.parametrize(
    ("who", "expected"),
    [("olga", None), ("ed", None), ("up", None), ("vi", PermissionDenied), ("stranger", NotFound)],
)
def test_who_may_begin(world: World, who: str, expected: type[StorageError] | None) -> None:
    folder = world.folder()
    for parent_id in (world.drive.id, folder.id):
        if expected is None:
            world.begin(who, f"{parent_id}.txt", parent_id=parent_id)
        else:
            with pytest.raises(expected):
                world.begin(who, parent_id=parent_id)
    world.check()


def test_somebody_blocked_may_not(world: World) -> None:
    folder = world.folder()
    world.grant("ed", "blocked", f"folder:{folder.id}")
    with pytest.raises(NotFound):
        world.begin("ed", parent_id=folder.id)
    world.begin("ed")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"name": "a/b"}, InvalidName),
        ({"name": ""}, InvalidName),
        ({"data": -1}, InvalidArgument),
        ({"data": 5 * 1024**3 + 1}, FileTooLarge),
        ({"sha256": "abc"}, InvalidArgument),
        ({"sha256": "g" * 64}, InvalidArgument),
        ({"content_type": "nonsense"}, InvalidArgument),
        ({"content_type": "text/html\r\nX-Evil: 1"}, InvalidArgument),
        ({"content_type": f"text/html{' ' * 300};"}, InvalidArgument),
        ({"content_type": "text/html\n;"}, InvalidArgument),
        ({"idempotency_key": ""}, InvalidArgument),
        ({"idempotency_key": "x" * 101}, InvalidArgument),
        ({"idempotency_key": "a\nb"}, InvalidArgument),
        ({"parent_id": "nothing"}, NotFound),
        ({"parent_id": "nothing", "parent_kind": "drive"}, NotFound),
    ],
)
def test_what_cannot_be_is_refused(world: World, more: dict[str, Any], expected: type[StorageError]) -> None:
    with pytest.raises(expected) as caught:
        world.begin("ed", **more)
    assert type(caught.value) is expected
    assert Upload.objects.count() == 0


def test_the_root_folder_is_no_folder_and_a_folder_no_drive(world: World) -> None:
    folder = world.folder()
    for parent_id, kind in ((world.drive.id, "folder"), (folder.id, "drive")):
        with pytest.raises(NotFound):
            world.begin("ed", parent_id=parent_id, parent_kind=kind)


def test_neither_a_file_nor_a_trashed_folder_is_a_parent(world: World) -> None:
    file, folder = world.upload("ed"), world.folder()
    Item.objects.filter(id=folder.id).update(trash=folder.id, trashed_at=world.now)
    for parent in (file, folder):
        with pytest.raises(NotFound):
            world.begin("ed", parent_id=parent.id)


def test_an_archived_drive_and_a_read_only_backend_take_nothing(world: World) -> None:
    Drive.objects.filter(id=world.drive.id).update(archived_at=timezone.now())
    with pytest.raises(DriveReadOnly):
        world.begin("ed")
    Drive.objects.filter(id=world.drive.id).update(archived_at=None)
    Backend.objects.filter(id=world.backend.id).update(writable=False)
    with pytest.raises(DriveReadOnly):
        world.begin("ed")


def test_a_taken_name_is_told_early_to_those_who_can_see_it(world: World) -> None:
    world.upload("ed", "e\u0301.txt")
    with pytest.raises(NameTaken):
        world.begin("ed", "\u00e9.txt")
    world.begin("ed", "\u00e9.txt", on_conflict=ConflictPolicy.RENAME)
    world.begin("ed", "\u00e9.txt", on_conflict=ConflictPolicy.REPLACE)
    world.begin("up", "\u00e9.txt")


def test_replacing_needs_the_right_to_edit_that_file(world: World) -> None:
    file = world.upload("ed")
    world.grant("ed", "blocked", f"file:{file.id}")
    with pytest.raises(NotFound):
        world.begin("ed", on_conflict=ConflictPolicy.REPLACE)
    world.begin("olga", on_conflict=ConflictPolicy.REPLACE)


def test_a_folder_is_never_replaced(world: World) -> None:
    world.folder("a.txt")
    with pytest.raises(NameTaken):
        world.begin("olga", "a.txt", on_conflict=ConflictPolicy.REPLACE)


def test_quota_is_reserved_and_never_passed(tmp_path: Path) -> None:
    world = make_world(tmp_path, quota=10)
    world.begin("ed", "a", 6)
    with pytest.raises(QuotaExceeded):
        world.begin("ed", "b", 5)
    answers = world.begin_all("ed", [world.request("c", 3), world.request("d", 3), world.request("e", 1)])
    assert [isinstance(answer, QuotaExceeded) for answer in answers] == [False, True, False]
    world.check()


def test_one_actor_has_so_many_open_uploads(world: World, settings: Settings) -> None:
    settings.FILEGRAPH_MAX_OPEN_UPLOADS = 3
    answers = world.begin_all("ed", [world.request(str(n)) for n in range(5)])
    assert [isinstance(answer, TooManyUploads) for answer in answers] == [False] * 3 + [True] * 2
    world.begin("olga", "x")
    first = answers[0]
    assert isinstance(first, StartedUpload)
    uploads.abort(world.actor("ed"), first.upload.id, now=world.now)
    world.begin("ed", "again")
    world.check()


def test_a_batch_answers_each_in_order(world: World) -> None:
    folder = world.folder()
    world.upload("ed", "taken")
    answers = world.begin_all(
        "ed",
        [
            world.request("ok"),
            world.request("a/b"),
            world.request("nowhere", parent_id="nothing"),
            world.request("taken"),
            world.request("also ok", parent_id=folder.id),
        ],
    )
    assert [type(answer) for answer in answers] == [StartedUpload, InvalidName, NotFound, NameTaken, StartedUpload]
    world.check()


def test_a_batch_has_a_limit(world: World) -> None:
    with pytest.raises(InvalidArgument):
        world.begin_all("ed", [world.request(str(n)) for n in range(101)])
    assert world.begin_all("ed", []) == []


def test_the_statements_of_a_batch_do_not_grow_with_it(
    world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with pinned(), django_assert_max_num_queries(8):
        answers = world.begin_all("ed", [world.request(str(n)) for n in range(100)])
    assert all(isinstance(answer, StartedUpload) for answer in answers)


def test_the_same_key_and_input_is_the_same_upload(world: World) -> None:
    first = world.begin("ed", idempotency_key="k")
    again = world.begin("ed", idempotency_key="k")
    assert again.upload.id == first.upload.id
    assert world.begin("olga", "b", idempotency_key="k").upload.id != first.upload.id
    others: list[dict[str, Any]] = [
        {"name": "b.txt"},
        {"data": b"hello!"},
        {"sha256": sha256(b"hello")},
        {"content_type": "a/b"},
    ]
    for other in others:
        with pytest.raises(Conflict):
            world.begin("ed", **{"idempotency_key": "k", **other})
    assert Drive.objects.get(id=world.drive.id).reserved_bytes == 10
    world.check()


def test_a_key_used_twice_in_one_batch(world: World) -> None:
    same, other = world.request("a", idempotency_key="k"), world.request("b", idempotency_key="k")
    answers = world.begin_all("ed", [same, same, other])
    assert isinstance(answers[0], StartedUpload)
    assert isinstance(answers[1], StartedUpload)
    assert answers[0].upload.id == answers[1].upload.id
    assert isinstance(answers[2], Conflict)
    assert Upload.objects.count() == 1


def test_a_retry_after_the_bytes_arrived_says_that_they_are_there(world: World) -> None:
    started = world.begin("ed", idempotency_key="k")
    world.put(started)
    assert world.begin("ed", idempotency_key="k").transport == AlreadyThere(sha256(b"hello"))
    file = world.finalize("ed", started).file
    again = world.begin("ed", idempotency_key="k")
    assert again.transport == AlreadyThere(sha256(b"hello"))
    assert world.finalize("ed", again).file == file


def test_a_retry_after_the_end_says_how_it_ended(world: World) -> None:
    aborted = world.begin("ed", "a", idempotency_key="a")
    uploads.abort(world.actor("ed"), aborted.upload.id, now=world.now)
    with pytest.raises(UploadAborted):
        world.begin("ed", "a", idempotency_key="a")
    world.begin("ed", "b", idempotency_key="b")
    world.pass_time(days=2)
    with pytest.raises(UploadExpired):
        world.begin("ed", "b", idempotency_key="b")


def test_bytes_that_she_can_download_need_not_be_sent_again(world: World) -> None:
    world.upload("ed", "first.csv", b"a,b\n")
    started = world.begin("ed", "second.txt", b"a,b\n", sha256=sha256(b"a,b\n").upper())
    assert started.transport == AlreadyThere(sha256(b"a,b\n"))
    file = world.finalize("ed", started).file
    assert file is not None
    assert (file.content_type, file.size) == ("text/plain", 4)
    assert world.read("vi", file) == b"a,b\n"
    assert len(list(world.store.keys())) == 1
    world.check()


def test_new_contents_of_a_batch_are_looked_for_together(
    world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    world.upload("ed", "first", b"0")
    contents = [str(number).encode() for number in range(50)]
    requests = [world.request(f"n{data!r}", data, sha256=sha256(data)) for data in contents]
    with pinned(), django_assert_max_num_queries(12):
        answers = world.begin_all("ed", requests)
    kinds = [type(each.transport) for each in answers if isinstance(each, StartedUpload)]
    assert kinds == [AlreadyThere, *[SinglePut] * 49]


def test_a_hash_alone_proves_nothing(world: World) -> None:
    """The answer for bytes that she may not read is that for bytes that nobody has."""
    file = world.upload("olga", "secret", b"secret")
    for who in ("up", "ed"):
        if who == "ed":
            world.grant("ed", "blocked", f"file:{file.id}")
        known = world.begin(who, "x", b"secret", sha256=sha256(b"secret"))
        unknown = world.begin(who, "y", b"other!", sha256=sha256(b"other!"))
        assert type(known.transport) is type(unknown.transport) is SinglePut
    wrong_size = world.begin("olga", "z", b"secre", sha256=sha256(b"secret"))
    assert isinstance(wrong_size.transport, SinglePut)


def test_bytes_of_another_drive_prove_nothing_here(world: World, tmp_path: Path) -> None:
    elsewhere = make_world(tmp_path)
    elsewhere.people = world.people
    elsewhere.grant("ed", "owner")
    world.upload("ed", "here", b"same")
    assert isinstance(elsewhere.begin("ed", "there", b"same", sha256=sha256(b"same")).transport, SinglePut)
