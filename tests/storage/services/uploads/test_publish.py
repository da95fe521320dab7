"""What changes between the judgement and the transaction that publishes counts, and nothing waits in that one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from accounts.models import User
from accounts.permissions import remove_group_member
from authz.services import relationships
from authz.types import SYSTEM, TupleKey
from storage.errors import (
    ChecksumMismatch,
    DriveReadOnly,
    NameTaken,
    NotFound,
    PermissionDenied,
    StorageError,
    UploadAborted,
    UploadIncomplete,
)
from storage.models import Backend, ConflictPolicy, Drive, FileVersion, Item, NodeKind, NodeRef, Tombstone, UploadState
from storage.services import items, trash, uploads
from storage.services.uploads import FinalizedUpload, FinalizeRequest, StartedUpload, look_up
from tests.components.uploads import World, given, make_world, sha256

# What is done in the middle is committed by itself.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def sent(world: World, name: str = "a.txt", data: bytes = b"hello", **more: object) -> StartedUpload:
    started = world.begin("ed", name, data, **more)
    world.put(started, data)
    return started


def meanwhile(world: World, monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> list[bool]:
    """Let ``change`` happen once, between the judgement and the transaction: where the store is asked.

    The list that is returned gets, for each time that the store is asked, whether a transaction was open.
    """
    asked: list[bool] = []
    stat = world.store.stat

    def ask(key: str) -> object:
        asked.append(connection.in_atomic_block)
        if len(asked) == 1:
            change()
        return stat(key)

    monkeypatch.setattr(world.store, "stat", ask)
    return asked


def test_the_store_is_asked_outside_of_transactions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = meanwhile(world, monkeypatch, lambda: None)
    world.finalize("ed", sent(world))
    assert asked == [False]


def test_a_right_that_goes_in_between_has_gone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    started = sent(world)
    meanwhile(world, monkeypatch, lambda: world.revoke("ed", "editor"))
    with pytest.raises(NotFound):
        world.finalize("ed", started)
    assert world.state(started) == UploadState.VERIFYING
    assert not FileVersion.objects.exists()
    world.check()


def test_an_account_that_is_deactivated_in_between_makes_no_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    started = sent(world)
    meanwhile(world, monkeypatch, lambda: User.objects.filter(pk=world.people["ed"].pk).update(is_active=False))
    with pytest.raises(NotFound):
        world.finalize("ed", started)
    assert world.state(started) == UploadState.VERIFYING
    assert not FileVersion.objects.exists()
    world.check()


def test_an_account_that_was_deactivated_after_it_was_let_in_makes_no_file(world: World) -> None:
    started = sent(world)
    User.objects.filter(pk=world.people["ed"].pk).update(is_active=False)
    with pytest.raises(NotFound):
        world.finalize("ed", started)
    assert world.state(started) == UploadState.VERIFYING


def test_a_membership_that_ends_in_between_has_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.grant("max", "member", "group:g")
    relationships.write(writes=[TupleKey("group:g#member", "editor", f"drive:{world.drive.id}")])
    started = world.begin("max")
    world.put(started)
    meanwhile(world, monkeypatch, lambda: remove_group_member(SYSTEM, "g", world.actor("max")))
    with pytest.raises(NotFound):
        world.finalize("max", started)
    assert not FileVersion.objects.exists()


def test_a_grant_that_has_nothing_to_do_with_it_only_costs_another_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = sent(world)
    asked = meanwhile(world, monkeypatch, lambda: world.grant("vi", "editor"))
    assert world.finalize("ed", started).file is not None
    assert asked == [False, False]


def test_a_block_on_the_file_to_replace_counts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    file = world.upload("olga", "a.txt", b"one")
    started = sent(world, on_conflict=ConflictPolicy.REPLACE)
    meanwhile(world, monkeypatch, lambda: world.grant("ed", "blocked", f"file:{file.id}"))
    with pytest.raises((NotFound, PermissionDenied)):
        world.finalize("ed", started)
    assert world.read("olga", file) == b"one"


def test_a_file_to_replace_that_appears_in_between_is_asked_about(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = sent(world, data=b"mine", on_conflict=ConflictPolicy.REPLACE)

    def appear() -> None:
        file = world.upload("olga", "a.txt", b"hers")
        world.grant("ed", "blocked", f"file:{file.id}")

    meanwhile(world, monkeypatch, appear)
    with pytest.raises(StorageError):
        world.finalize("ed", started)
    assert world.read("olga", Item.objects.get(name="a.txt")) == b"hers"
    world.check()


def test_a_name_that_is_taken_in_between(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    strict, varied = sent(world), sent(world, on_conflict=ConflictPolicy.RENAME)
    meanwhile(world, monkeypatch, lambda: world.upload("olga", "a.txt", b"hers"))
    with pytest.raises(NameTaken):
        world.finalize("ed", strict)
    renamed = world.finalize("ed", varied).file
    assert renamed is not None
    assert renamed.name == "a (2).txt"
    world.check()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda world, _: Drive.objects.filter(id=world.drive.id).update(archived_at=world.now), DriveReadOnly),
        (lambda world, _: Backend.objects.update(writable=False), DriveReadOnly),
        (lambda world, folder: _trash(world, folder), NotFound),
    ],
    ids=["archived", "backend", "trashed"],
)
def test_a_place_that_changes_in_between(
    world: World, monkeypatch: pytest.MonkeyPatch, change: Callable[[World, Item], object], expected: type[StorageError]
) -> None:
    above = world.folder("above")
    started = sent(world, parent_id=world.folder("inner", above).id)
    meanwhile(world, monkeypatch, lambda: change(world, above))
    with pytest.raises(expected):
        world.finalize("ed", started)
    assert not FileVersion.objects.exists()
    world.check()


def _trash(world: World, folder: Item) -> None:
    given(trash.trash(world.actor("olga"), None, [NodeRef(NodeKind.FOLDER, folder.id)], now=world.now)[0])


def test_a_folder_that_moves_in_between_is_judged_where_it_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    closed, above = world.folder("closed"), world.folder("above")
    world.grant("ed", "blocked", f"folder:{closed.id}")
    started = sent(world, parent_id=world.folder("inner", above).id)
    refs = [NodeRef(NodeKind.FOLDER, folder.id) for folder in (above, closed)]
    meanwhile(world, monkeypatch, lambda: items.move(world.actor("olga"), None, *refs, now=world.now))
    with pytest.raises(NotFound):
        world.finalize("ed", started)
    assert not FileVersion.objects.exists()


def test_an_upload_that_ends_in_between_has_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, kept = sent(world, "gone"), sent(world, "kept", b"other")
    meanwhile(world, monkeypatch, lambda: uploads.abort(world.actor("ed"), gone.upload.id, now=world.now))
    requests = [FinalizeRequest(each.upload.id) for each in (gone, kept)]
    answers = uploads.finalize(world.actor("ed"), requests, now=world.now)
    assert [type(answer) for answer in answers] == [UploadAborted, FinalizedUpload]
    world.check()


def test_why_this_call_ended_an_upload_is_told_also_when_it_begins_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong, gone = sent(world, "wrong"), sent(world, "gone", b"other")
    meanwhile(world, monkeypatch, lambda: uploads.abort(world.actor("ed"), gone.upload.id, now=world.now))
    requests = [FinalizeRequest(wrong.upload.id, sha256(b"x")), FinalizeRequest(gone.upload.id)]
    answers = uploads.finalize(world.actor("ed"), requests, now=world.now)
    assert [type(answer) for answer in answers] == [ChecksumMismatch, UploadAborted]
    world.check()


def test_an_object_that_is_not_in_the_store_has_to_be_sent_again(world: World) -> None:
    """As after a database was restored from a backup that is newer than its store."""
    started = sent(world)
    (key,) = world.store.keys()
    world.store.delete(key)
    with pytest.raises(UploadIncomplete):
        world.finalize("ed", started)
    assert world.state(started) == UploadState.OPEN
    assert Tombstone.objects.count() == 0
    again = look_up.get(world.actor("ed"), started.upload.id)
    transport = uploads.transport_of(again, world.store, now=world.now)
    assert transport is not None
    world.put(StartedUpload(again, transport))
    file = world.finalize("ed", started).file
    assert file is not None
    assert world.read("ed", file) == b"hello"
    world.check()


def test_a_store_that_cannot_be_asked_keeps_the_upload_waiting(world: World) -> None:
    started = sent(world)
    Backend.objects.update(driver="memory", config={"name": {"env": "NOWHERE"}})
    with pytest.raises(StorageError):
        world.finalize("ed", started)
    Backend.objects.update(driver="local", config=world.backend.config)
    assert world.state(started) == UploadState.VERIFYING
    assert world.finalize("ed", started).file is not None
    world.check()
