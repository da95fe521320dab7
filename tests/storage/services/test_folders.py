"""Making folders."""

from __future__ import annotations

import pytest

from storage.errors import DriveReadOnly, InvalidArgument, InvalidName, NameTaken, NotFound, PermissionDenied
from storage.models import ConflictPolicy, FolderClosure, Item, NodeKind, NodeRef
from storage.services import drives, folders
from tests.storage.tree import NOW, Place, grant, person, ref, user_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Place:
    return Place.make()


def test_a_folder_knows_what_it_lies_in_and_who_made_it(place: Place) -> None:
    above = place.folder("a")
    made = place.folder(" b ", above)
    assert (made.name, made.parent_id, made.drive_id) == (" b ", above.id, place.drive.id)
    assert (made.created_at, made.updated_at, made.created_by_id) == (NOW, NOW, user_id(place.owner))
    assert FolderClosure.objects.depth(made.id) == 2


def test_who_may_not_make_one(place: Place) -> None:
    above = place.folder("a")
    viewer, stranger = person(), person()
    grant(viewer, "viewer", above)
    for actor, error in ((viewer, PermissionDenied), (stranger, NotFound)):
        with pytest.raises(error):
            folders.create(actor, None, ref(above), "b", now=NOW)
    with pytest.raises(InvalidName):
        place.folder("b/c", above)
    drives.change(place.owner, place.drive.id, quota_bytes=None, archived=True, now=NOW)
    with pytest.raises(DriveReadOnly):
        place.folder("b", above)


def test_names_that_are_taken(place: Place) -> None:
    first = place.folder("a")
    with pytest.raises(NameTaken):
        place.folder("a")

    def again(policy: ConflictPolicy) -> Item:
        return folders.create(place.owner, None, ref(place.drive), "a", on_conflict=policy, now=NOW)

    assert again(ConflictPolicy.REPLACE).id == first.id
    assert again(ConflictPolicy.RENAME).name == "a (2)"
    grant(place.owner, "blocked", first)
    for policy in (ConflictPolicy.REPLACE, ConflictPolicy.FAIL):
        with pytest.raises(NameTaken):
            again(policy)
    file = place.file("f")
    with pytest.raises(NameTaken):
        folders.create(place.owner, None, ref(place.drive), "f", on_conflict=ConflictPolicy.REPLACE, now=NOW)
    with pytest.raises(InvalidArgument):
        folders.create(place.owner, None, ref(file), "x", now=NOW)
    # The root folder has no name of its own, and a file is no folder.
    for node_id in (place.drive.id, file.id):
        with pytest.raises(NotFound):
            folders.create(place.owner, None, NodeRef(NodeKind.FOLDER, node_id), "x", now=NOW)
