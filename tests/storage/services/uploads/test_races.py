"""Everything at once: the same operation from many threads, and operations that meet. All invariants hold after."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from django.db import connection, transaction
from pytest_django.fixtures import Settings

from accounts.models import User
from accounts.permissions import remove_group_member
from authz.services import relationships
from authz.types import SYSTEM, TupleKey
from storage.errors import InvalidToken, NotFound, StorageError
from storage.models import (
    Blob,
    ConflictPolicy,
    Drive,
    FileVersion,
    Item,
    NodeKind,
    NodeRef,
    Upload,
    UploadState,
)
from storage.selectors.uploads import standing
from storage.services import trash, uploads
from storage.services.uploads import BeginRequest, FinalizeRequest, StartedUpload, receive
from tests.components.uploads import World, make_world, sha256

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 6


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def at_once(jobs: Sequence[Callable[[], object]]) -> list[object]:
    """Run jobs in threads that start together; return results, or the StorageError that each raised."""
    results: list[object] = [None] * len(jobs)
    unexpected: list[BaseException] = []
    barrier = threading.Barrier(len(jobs))

    def run(index: int) -> None:
        try:
            barrier.wait()
            results[index] = jobs[index]()
        except StorageError as error:
            results[index] = error
        except BaseException as error:
            unexpected.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if unexpected:
        raise unexpected[0]
    return results


def test_finalizing_one_upload_at_once_makes_one_file(world: World) -> None:
    started = world.begin("ed")
    world.put(started)
    results = at_once([lambda: world.finalize("ed", started).file] * THREADS)
    assert len(set(results)) == 1
    assert FileVersion.objects.filter(file__drive=world.drive).count() == 1
    world.check()


def test_beginning_with_one_key_at_once_is_one_upload(world: World) -> None:
    ed = world.actor("ed")
    request = BeginRequest(world.drive.id, "a.txt", 5, idempotency_key="k", parent_kind="drive")
    results = at_once([lambda: uploads.begin(ed, None, [request], now=world.now)[0]] * THREADS)
    assert len({each.upload.id for each in results if isinstance(each, StartedUpload)}) == 1
    assert all(isinstance(each, StartedUpload) for each in results)
    assert Upload.objects.filter(drive=world.drive).count() == 1
    world.check()


def test_of_many_puts_at_once_one_wins_and_its_bytes_are_the_file(world: World) -> None:
    started = world.begin("ed")
    results = at_once([lambda n=n: world.put(started, f"PUT-{n}".encode()) for n in range(THREADS)])  # type: ignore[misc]
    winners = [f"PUT-{n}".encode() for n, result in enumerate(results) if result is None]
    assert len(winners) == 1
    file = world.finalize("ed", started).file
    assert file is not None
    assert world.read("vi", file) == winners[0]
    world.check()
    world.pass_time(days=2)
    world.sweep()
    assert len(list(world.store.keys())) == 1


def test_the_same_bytes_at_once_are_kept_once(world: World) -> None:
    started = [world.begin("ed", str(n)) for n in range(THREADS)]
    for each in started:
        world.put(each)
    results = at_once([lambda each=each: world.finalize("ed", each).file for each in started])  # type: ignore[misc]
    assert not any(isinstance(result, StorageError) for result in results)
    assert Blob.objects.filter(drive=world.drive).count() == 1
    world.check()


@pytest.mark.parametrize("policy", list(ConflictPolicy))
def test_one_name_at_once(world: World, policy: ConflictPolicy) -> None:
    started = [world.begin("ed", "same", str(n).encode(), on_conflict=policy) for n in range(THREADS)]
    for n, each in enumerate(started):
        world.put(each, str(n).encode())
    results = at_once([lambda each=each: world.finalize("ed", each).file for each in started])  # type: ignore[misc]
    refused = Counter(result.code for result in results if isinstance(result, StorageError))
    items = Item.objects.filter(drive=world.drive, kind="file")
    if policy is ConflictPolicy.FAIL:
        assert refused == {"NAME_TAKEN": THREADS - 1}
    elif policy is ConflictPolicy.RENAME:
        assert items.count() == THREADS
        assert not refused
    else:
        assert items.count() == 1
        assert not refused
        assert FileVersion.objects.filter(file=items.get()).count() == THREADS
    world.check()


def test_abort_and_finalize_at_once_end_in_one_of_the_two(world: World) -> None:
    for n in range(5):
        started = world.begin("ed", str(n), on_conflict=ConflictPolicy.RENAME)
        world.put(started)
        at_once(
            [
                lambda started=started: uploads.abort(world.actor("ed"), started.upload.id, now=world.now),  # type: ignore[misc]
                lambda started=started: world.finalize("ed", started),  # type: ignore[misc]
                lambda started=started: world.finalize("ed", started),  # type: ignore[misc]
            ]
        )
        ready = world.state(started) == UploadState.READY
        assert ready == Item.objects.filter(id=started.upload.file_id).exists()
        assert ready or world.state(started) == UploadState.ABORTED
        world.check()


def test_sweep_abort_put_and_finalize_at_once(world: World) -> None:
    started = [world.begin("ed", str(n)) for n in range(THREADS)]
    for each in started[:3]:
        world.put(each)
    world.pass_time(seconds=24 * 3600)
    late = world.now
    requests = [FinalizeRequest(each.upload.id) for each in started]
    at_once(
        [
            world.sweep,
            world.sweep,
            lambda: uploads.finalize(world.actor("ed"), requests, now=late),
            lambda: world.put(started[4]),
            lambda: uploads.abort(world.actor("ed"), started[5].upload.id, now=late),
        ]
    )
    world.check()
    assert not Item.objects.filter(drive=world.drive, kind="file").exists()


def test_beginning_at_once_never_passes_the_limit_of_open_uploads(world: World, settings: Settings) -> None:
    settings.FILEGRAPH_MAX_OPEN_UPLOADS = 10
    ed = world.actor("ed")

    def batch(number: int) -> Callable[[], object]:
        asked = [BeginRequest(world.drive.id, f"{number} {each}", 5, parent_kind="drive") for each in range(4)]
        return lambda: [isinstance(each, StartedUpload) for each in uploads.begin(ed, None, asked, now=world.now)]

    for _ in range(3):
        results = at_once([batch(number) for number in range(THREADS)])
        assert sum(sum(each) for each in results if isinstance(each, list)) == 10
        assert Upload.objects.filter(drive=world.drive).count() == 10
        world.check()
        Upload.objects.filter(drive=world.drive).delete()
        Drive.objects.update(reserved_bytes=0)


def test_reservations_at_once_never_pass_the_quota(tmp_path: Path) -> None:
    world = make_world(tmp_path, quota=17)
    at_once([lambda n=n: world.begin("ed", str(n), 5) for n in range(THREADS)])  # type: ignore[misc]
    assert Upload.objects.filter(drive=world.drive).count() == 3
    world.check()


def _deactivate(world: World) -> None:
    User.objects.filter(pk=world.people["max"].pk).update(is_active=False)


def _end_membership(world: World) -> None:
    remove_group_member(SYSTEM, "g", world.actor("max"))


@pytest.fixture(params=[_deactivate, _end_membership])
def shut_out(request: pytest.FixtureRequest) -> Callable[[World], None]:
    """A way to take from ``max`` the right to upload that holds no drive."""
    way: Callable[[World], None] = request.param
    return way


@pytest.fixture
def sent_by_max(world: World) -> StartedUpload:
    world.grant("max", "member", "group:g")
    relationships.write(writes=[TupleKey("group:g#member", "editor", f"drive:{world.drive.id}")])
    started = world.begin("max")
    world.put(started)
    return started


def test_nobody_is_shut_out_between_the_last_look_and_the_commit(
    world: World, sent_by_max: StartedUpload, shut_out: Callable[[World], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else she would have a file that was made after her end had been acknowledged."""

    def end() -> None:
        try:
            shut_out(world)
        finally:
            connection.close()

    rival = threading.Thread(target=end)
    waited = []

    def look(ids: Sequence[str]) -> object:
        found = standing(ids)
        rival.start()
        rival.join(0.5)
        waited.append(rival.is_alive())
        return found

    monkeypatch.setattr("storage.services.uploads.publish.standing", look)
    assert world.finalize("max", sent_by_max).file is not None
    rival.join()
    assert waited == [True]
    monkeypatch.undo()
    with pytest.raises(NotFound):
        world.finalize("max", sent_by_max) if shut_out is _deactivate else world.begin("max", "b")
    world.check()


def test_who_is_being_shut_out_at_the_last_look_is_waited_for(
    world: World, sent_by_max: StartedUpload, shut_out: Callable[[World], None]
) -> None:
    begun = threading.Event()

    def end() -> None:
        try:
            with transaction.atomic():
                shut_out(world)
                begun.set()
                time.sleep(0.5)
        finally:
            connection.close()

    rival = threading.Thread(target=end)
    rival.start()
    begun.wait()
    with pytest.raises(NotFound):
        world.finalize("max", sent_by_max)
    rival.join()
    assert world.state(sent_by_max) == UploadState.VERIFYING
    assert not FileVersion.objects.exists()
    world.check()


def test_the_hash_of_what_is_being_received_helps_nobody(world: World) -> None:
    """Begin, put and finalize of the same declared content at once: each ends with a readable file of its own."""

    def whole(n: int) -> bytes:
        return world.read("ed", world.upload("ed", str(n), b"same", sha256=sha256(b"same")))

    assert at_once([lambda n=n: whole(n) for n in range(THREADS)]) == [b"same"] * THREADS  # type: ignore[misc]
    world.check()


def test_a_put_that_had_passed_the_door_leaves_nothing_of_a_folder_that_is_purged(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes between the look at the uploads of the folder and their end, when nobody knows its object yet."""
    folder, olga = world.folder(), world.actor("olga")
    started = world.begin("ed", parent_id=folder.id)
    reference = [NodeRef(NodeKind.FOLDER, folder.id)]
    trash.trash(olga, None, reference, now=world.now)
    monkeypatch.setattr(receive, "_require_place", lambda _upload: None)  # It was asked before she did that.
    refused: list[StorageError] = []

    def send() -> None:
        try:
            world.put(started)
        except StorageError as error:
            refused.append(error)
        finally:
            connection.close()

    rival = threading.Thread(target=send)

    def watch(execute: Callable[..., object], sql: str, *more: object) -> object:
        if sql.startswith("DELETE FROM") and "storage_upload" in sql:
            rival.start()
            rival.join(0.5)
        return execute(sql, *more)

    with connection.execute_wrapper(watch):
        assert trash.purge(olga, reference, now=world.now) == [folder.id]
    rival.join()
    assert [type(error) for error in refused] in ([NotFound], [InvalidToken])
    assert not Upload.objects.exists()
    world.check()
