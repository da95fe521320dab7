"""Making drives, and what changes of them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from authz.services import relationships
from authz.types import Actor, TupleKey
from storage.errors import Conflict, InvalidArgument, InvalidName, NameTaken, NotFound, PermissionDenied
from storage.models import Backend, Drive, FolderClosure, Item
from storage.services import drives, quota
from tests.storage.tree import NOW, Place, grant, person, user_id

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def place() -> Place:
    return Place.make()


def test_a_drive_has_a_root_and_an_owner(place: Place) -> None:
    root = Item.objects.get(drive=place.drive)
    assert (root.id, root.is_root) == (place.drive.id, True)
    assert FolderClosure.objects.get().ancestor_id == root.id
    owners = relationships.read(object=f"drive:{place.drive.id}", relation="owner").tuples
    assert TupleKey(place.admin, "owner", f"drive:{place.drive.id}") in owners
    assert (place.drive.created_at, place.drive.created_by_id) == (NOW, user_id(place.admin))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": "a/b"}, InvalidName),
        ({"quota_bytes": -1}, InvalidArgument),
        ({"quota_bytes": 2**63}, InvalidArgument),
        ({"backend_id": "nothing"}, InvalidArgument),
        ({"prefix": "../up"}, InvalidArgument),
    ],
)
def test_what_cannot_be(place: Place, change: dict[str, object], error: type[Exception]) -> None:
    arguments: dict[str, object] = {"name": "New", **change}
    with pytest.raises(error):
        drives.create(place.admin, None, now=NOW, **arguments)  # type: ignore[arg-type]
    assert Drive.objects.count() == 1


def test_names_of_drives_are_unique(place: Place) -> None:
    with pytest.raises(NameTaken):
        drives.create(place.admin, None, place.drive.name, now=NOW)
    assert Item.objects.count() == 1


def test_a_read_only_backend_takes_no_drive(place: Place) -> None:
    Backend.objects.update(writable=False)
    with pytest.raises(InvalidArgument):
        drives.create(place.admin, None, "New", now=NOW)


def test_quota_and_archiving_change(place: Place) -> None:
    def change(actor: Actor, quota_bytes: int | None, *, archived: bool, now: datetime = LATER) -> Drive:
        return drives.change(actor, place.drive.id, quota_bytes=quota_bytes, archived=archived, now=now)

    place.file("f", content=b"12345")
    drive = change(place.admin, 5, archived=True)
    assert (drive.quota_bytes, drive.archived_at, drive.updated_at) == (5, LATER, LATER)
    # What is archived stays archived from the day on which it was.
    again = change(place.admin, 5, archived=True, now=LATER + timedelta(days=1))
    assert (again.archived_at, again.updated_at) == (LATER, LATER + timedelta(days=1))
    assert change(place.admin, 5, archived=False).archived_at is None
    with pytest.raises(Conflict):
        change(place.admin, 4, archived=True)
    for wrong in (-1, 2**63):
        with pytest.raises(InvalidArgument):
            change(place.admin, wrong, archived=False)
    place.drive.refresh_from_db()
    assert (place.drive.quota_bytes, place.drive.archived_at, place.drive.used_bytes) == (5, None, 5)


def test_reserved_bytes_count_against_a_smaller_quota(place: Place) -> None:
    quota.reserve(place.drive.id, 7)
    with pytest.raises(Conflict):
        drives.change(place.admin, place.drive.id, quota_bytes=6, archived=False, now=LATER)
    assert drives.change(place.admin, place.drive.id, quota_bytes=7, archived=False, now=LATER).quota_bytes == 7


def test_owners_archive_their_drive_and_give_themselves_no_room(place: Place) -> None:
    assert drives.change(place.owner, place.drive.id, quota_bytes=None, archived=True, now=LATER).archived_at == LATER
    with pytest.raises(PermissionDenied):
        drives.change(place.owner, place.drive.id, quota_bytes=1 << 40, archived=True, now=LATER)
    editor, stranger = person(), person()
    grant(editor, "editor", place.drive)
    for actor, error in ((editor, PermissionDenied), (stranger, NotFound)):
        with pytest.raises(error):
            drives.change(actor, place.drive.id, quota_bytes=None, archived=False, now=LATER)
    with pytest.raises(NotFound):
        drives.change(place.admin, "0" * 26, quota_bytes=None, archived=False, now=LATER)
