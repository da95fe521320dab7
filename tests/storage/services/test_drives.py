"""Making drives and folders."""

from __future__ import annotations

import pytest

from authz.services import relationships
from authz.types import TupleKey
from storage.errors import InvalidArgument, InvalidName, NameTaken, NotFound
from storage.models import Backend, ConflictPolicy, Drive, FolderClosure, Item, NodeKind, NodeRef
from storage.services import drives, folders
from tests.storage.tree import NOW, Place, ref, user_id

pytestmark = pytest.mark.django_db


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


def test_folders_and_their_conflicts(place: Place) -> None:
    first = place.folder("a")
    with pytest.raises(NameTaken):
        place.folder("a")

    def again(policy: ConflictPolicy) -> Item:
        return folders.create(place.owner, None, ref(place.drive), "a", on_conflict=policy, now=NOW)

    assert again(ConflictPolicy.REPLACE).id == first.id
    assert again(ConflictPolicy.RENAME).name == "a (2)"
    file = place.file("f")
    with pytest.raises(NameTaken):
        folders.create(place.owner, None, ref(place.drive), "f", on_conflict=ConflictPolicy.REPLACE, now=NOW)
    with pytest.raises(InvalidArgument):
        folders.create(place.owner, None, ref(file), "x", now=NOW)
    # The root folder has no name of its own, and a file is no folder.
    for node_id in (place.drive.id, file.id):
        with pytest.raises(NotFound):
            folders.create(place.owner, None, NodeRef(NodeKind.FOLDER, node_id), "x", now=NOW)
