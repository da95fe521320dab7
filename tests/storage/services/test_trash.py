"""The trash: what goes along, what comes back, and what is left after a purge."""

from __future__ import annotations

from datetime import timedelta

import pytest

from authz.services import audit, relationships
from storage import conf
from storage.errors import Conflict, DriveReadOnly, InvalidArgument, NameTaken, NotFound, PermissionDenied
from storage.keys import attempt_key
from storage.models import Blob, Drive, FileVersion, FolderClosure, Item, Tombstone, Upload, UploadState
from storage.selectors import items as pages
from storage.selectors.pages import PageRequest
from storage.services import items, quota, trash
from tests.storage.tree import NOW, Place, fresh, grant, person, ref, user_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Place:
    return Place.make()


def names_in(place: Place, parent: Item | Drive | None = None) -> list[str]:
    return [row.name for row in pages.children(place.owner, parent or place.drive, PageRequest()).rows]


def test_a_folder_takes_along_what_it_holds_and_brings_it_back(place: Place) -> None:
    top = place.folder("top")
    inner = place.folder("inner", top)
    place.file("a", inner)
    early = place.file("early", inner)
    trash.trash(place.owner, None, [ref(early)], now=NOW)
    (result,) = trash.trash(place.owner, user_id(place.owner), [ref(top)], now=NOW)
    assert isinstance(result, Item)
    assert (result.trash_id, result.trashed_at, result.trashed_by_id) == (top.id, NOW, user_id(place.owner))
    assert names_in(place) == []
    assert [row.id for row in pages.trashed(place.owner, place.drive, PageRequest()).rows] == sorted(
        [top.id, early.id], reverse=True
    )
    trash.restore(place.owner, [ref(top)], now=NOW)
    assert names_in(place) == ["top"]
    assert names_in(place, inner) == ["a"]
    assert fresh(early).trash_id == early.id


def test_what_went_with_a_folder_is_not_restored_alone(place: Place) -> None:
    top = place.folder("top")
    file = place.file("a", top)
    trash.trash(place.owner, None, [ref(top)], now=NOW)
    (result,) = trash.restore(place.owner, [ref(file)], now=NOW)
    assert isinstance(result, Conflict)


def test_the_name_is_free_meanwhile_and_the_old_one_is_numbered(place: Place) -> None:
    old = place.file("a.txt")
    trash.trash(place.owner, None, [ref(old)], now=NOW)
    place.file("a.txt")
    (result,) = trash.restore(place.owner, [ref(old)], now=NOW)
    assert isinstance(result, Item)
    assert result.name == "a (2).txt"


def test_without_its_folder_an_item_comes_back_to_the_root(place: Place) -> None:
    top = place.folder("top")
    inner = place.folder("inner", top)
    deep = place.folder("deep", inner)
    trash.trash(place.owner, None, [ref(inner)], now=NOW)
    trash.trash(place.owner, None, [ref(top)], now=NOW)
    trash.restore(place.owner, [ref(inner)], now=NOW)
    assert names_in(place) == ["inner"]
    assert FolderClosure.objects.depth(deep.id) == 2


def test_only_who_may_create_in_the_root_restores_there(place: Place) -> None:
    top = place.folder("top")
    file = place.file("a", top)
    someone = person()
    grant(someone, "owner", top)
    trash.trash(someone, None, [ref(file)], now=NOW)
    trash.trash(someone, None, [ref(top)], now=NOW)
    (result,) = trash.restore(someone, [ref(file)], now=NOW)
    assert isinstance(result, PermissionDenied)
    assert fresh(file).is_trashed
    grant(someone, "viewer", place.drive)
    (result,) = trash.restore(someone, [ref(file)], now=NOW)
    assert isinstance(result, PermissionDenied)
    grant(someone, "uploader", place.drive)
    (result,) = trash.restore(someone, [ref(file)], now=NOW)
    assert isinstance(result, Item)
    assert result.parent_id == place.drive.id


@pytest.mark.parametrize("taken", [False, True])
@pytest.mark.parametrize("to_root", [False, True])
def test_restore_tells_no_names_of_a_folder_that_she_cannot_see(place: Place, taken: bool, to_root: bool) -> None:
    """A number behind the name would tell that it is taken: one answer, whatever lies there."""
    parent = place.folder("parent")
    file = place.file("a.txt", parent)
    someone = person()
    grant(someone, "owner", file)
    grant(someone, "uploader", place.drive)
    trash.trash(someone, None, [ref(file)], now=NOW)
    if taken:
        place.file("a.txt", place.drive if to_root else parent)
    if to_root:
        trash.trash(place.owner, None, [ref(parent)], now=NOW)
    (result,) = trash.restore(someone, [ref(file)], now=NOW)
    assert isinstance(result, PermissionDenied)
    assert result.message == "This needs the right to see the folder that it lies in."
    assert (fresh(file).name, fresh(file).is_trashed) == ("a.txt", True)


def test_a_folder_keeps_what_the_actor_may_not_delete(place: Place) -> None:
    top = place.folder("top")
    file = place.file("kept", place.folder("inner", top))
    grant("user:*", "held", file)
    (result,) = trash.trash(place.owner, None, [ref(top)], now=NOW)
    assert isinstance(result, PermissionDenied)
    assert not fresh(top).is_trashed


def test_purge_spares_what_is_held(place: Place) -> None:
    top = place.folder("top")
    file = place.file("kept", top)
    trash.trash(place.owner, None, [ref(top)], now=NOW)
    grant("user:*", "held", file)
    results = trash.purge(place.owner, [ref(top), ref(file)], now=NOW)
    assert [type(result) for result in results] == [PermissionDenied, PermissionDenied]
    assert Item.objects.filter(id=file.id).exists()


def test_one_refusal_leaves_the_others_be(place: Place) -> None:
    good, gone = place.file("good"), place.file("gone")
    Item.objects.filter(id=gone.id).update(current_version=None)
    FileVersion.objects.filter(file=gone).delete()
    Item.objects.filter(id=gone.id).delete()
    results = trash.trash(place.owner, None, [ref(gone), ref(place.drive), ref(good)], now=NOW)
    assert [type(result) for result in results] == [NotFound, InvalidArgument, Item]
    with pytest.raises(InvalidArgument):
        trash.trash(place.owner, None, [ref(good)] * 101, now=NOW)


def test_a_folder_and_what_is_in_it_in_one_call(place: Place) -> None:
    top = place.folder("top")
    file = place.file("a", top)
    results = trash.trash(place.owner, None, [ref(top), ref(file)], now=NOW)
    assert [type(result) for result in results] == [Item, Item]
    assert fresh(file).trash_id == top.id
    purged, absent = trash.purge(place.owner, [ref(top), ref(file)], now=NOW)
    assert purged == top.id
    assert isinstance(absent, NotFound)


def test_purge_leaves_nothing_but_tombstones(place: Place) -> None:
    top = place.folder("top")
    inner = place.folder("inner", top)
    shared = place.file("shared", content=b"same bytes")
    place.file("copy", inner, content=b"same bytes")
    lone = place.file("lone", inner, content=b"lone")
    friend = person()
    for node in (top, inner, lone):
        grant(friend, "viewer", node)
    lone_key = Blob.objects.get(versions__file=lone).key
    quota.reserve(place.drive.id, 77)
    upload = Upload.objects.create(
        state=UploadState.RECEIVING,
        drive=place.drive,
        parent=inner,
        actor=place.owner,
        name="late",
        declared_size=77,
        attempt=3,
        created_at=NOW,
        expires_at=NOW,
    )
    trash.trash(place.owner, None, [ref(top)], now=NOW)
    assert trash.purge(place.owner, [ref(top)], now=NOW) == [top.id]

    assert set(Item.objects.filter(parent__isnull=False).values_list("id", flat=True)) == {shared.id}
    assert FolderClosure.objects.count() == 1
    assert Blob.objects.get().versions.get().file_id == shared.id
    assert not Upload.objects.exists()
    drive = Drive.objects.get(id=place.drive.id)
    assert (drive.used_bytes, drive.reserved_bytes) == (len(b"same bytes"), 0)
    keys = {lone_key, attempt_key(place.drive.prefix, upload.staging_key, 3)}
    assert set(Tombstone.objects.values_list("key", flat=True)) == keys  # the writer of the upload may not be done
    grace = timedelta(seconds=conf.current().tombstone_grace)
    assert set(Tombstone.objects.values_list("delete_after", flat=True)) == {NOW + grace}
    for node in (top, inner, lone):
        assert relationships.read(object=f"{node.kind}:{node.id}").tuples == ()


def test_the_audit_says_who_deleted_a_share_with_its_folder(place: Place) -> None:
    folder = place.folder("a")
    grant("user:eve", "viewer", folder)
    trash.trash(place.owner, None, [ref(folder)], now=NOW)
    trash.purge(place.owner, [ref(folder)], now=NOW)
    taken = audit.entries(object=f"folder:{folder.id}")[0]
    assert (taken.actor, taken.operation, taken.key.user) == (place.owner, "delete", "user:eve")


def test_only_the_trash_can_be_purged(place: Place) -> None:
    file = place.file("a")
    (result,) = trash.purge(place.owner, [ref(file)], now=NOW)
    assert isinstance(result, Conflict)
    assert Item.objects.filter(id=file.id).exists()


def test_an_archived_drive_stays_as_it_is(place: Place) -> None:
    file = place.file("a")
    Drive.objects.update(archived_at=NOW)
    (result,) = trash.trash(place.owner, None, [ref(file)], now=NOW)
    assert isinstance(result, DriveReadOnly)
    with pytest.raises(DriveReadOnly):
        items.rename(place.owner, ref(file), "b", now=NOW)
    with pytest.raises(NotFound):
        items.rename(person(), ref(file), "b", now=NOW)


def test_purged_then_new_of_the_same_name(place: Place) -> None:
    for _ in range(2):
        file = place.file("a")
        trash.trash(place.owner, None, [ref(file)], now=NOW)
        with pytest.raises(NotFound):
            items.rename(place.owner, ref(file), "b", now=NOW)
    folder = place.folder("a")
    with pytest.raises(NameTaken):
        place.folder("a")
    assert trash.purge(place.owner, [ref(file)], now=NOW) == [file.id]
    assert names_in(place) == [folder.name]
