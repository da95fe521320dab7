"""Names and places of items, and what a move may never bring about."""

from __future__ import annotations

import pytest

from authz.types import Actor
from storage.errors import CrossDriveMove, InvalidArgument, InvalidName, NameTaken, NotFound, PermissionDenied
from storage.models import ConflictPolicy, Item
from storage.permissions import Permission, allowed
from storage.services import items
from tests.storage.tree import NOW, Place, fresh, grant, person, ref, user_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Place:
    return Place.make()


def may(actor: Actor, permission: Permission, row: Item) -> bool:
    return permission in allowed(actor, [permission], [row])[row.id]


def test_rename_keeps_what_was_typed_and_compares_nfc(place: Place) -> None:
    file, other = place.file("a"), place.file("Ame\u0301lie")
    with pytest.raises(NameTaken):
        items.rename(place.owner, ref(file), "Am\u00e9lie", now=NOW)
    renamed = items.rename(place.owner, ref(other), "Am\u00e9lie", now=NOW)
    assert (renamed.name, renamed.name_key) == ("Am\u00e9lie", "Am\u00e9lie")
    assert items.rename(place.owner, ref(file), "amélie", now=NOW).name == "amélie"
    with pytest.raises(InvalidName):
        items.rename(place.owner, ref(file), "a/b", now=NOW)
    with pytest.raises(InvalidArgument):
        items.rename(place.owner, ref(place.drive), "b", now=NOW)
    place.folder("taken")
    with pytest.raises(NameTaken):
        items.rename(place.owner, ref(file), "taken", now=NOW)


def test_move_takes_everything_along(place: Place) -> None:
    one, two = place.folder("one"), place.folder("two")
    inner = place.folder("inner", one)
    file = place.file("a", inner)
    friend = person()
    grant(friend, "viewer", two)
    assert not may(friend, Permission.VIEW, file)
    items.move(place.owner, None, ref(inner), ref(two), now=NOW)
    assert may(friend, Permission.VIEW, fresh(file))
    items.move(place.owner, None, ref(inner), ref(place.drive), now=NOW)
    assert not may(friend, Permission.VIEW, fresh(file))


def test_clashes_of_a_move(place: Place) -> None:
    target = place.folder("target")
    there = place.file("a.txt", target)
    place.folder("b", target)
    file, folder = place.file("a.txt"), place.folder("b")
    with pytest.raises(NameTaken):
        items.move(place.owner, None, ref(file), ref(target), now=NOW)
    with pytest.raises(NameTaken):
        items.move(place.owner, None, ref(folder), ref(target), on_conflict=ConflictPolicy.REPLACE, now=NOW)
    moved = items.move(place.owner, None, ref(folder), ref(target), on_conflict=ConflictPolicy.RENAME, now=NOW)
    assert moved.name == "b (2)"
    moved = items.move(
        place.owner, user_id(place.owner), ref(file), ref(target), on_conflict=ConflictPolicy.REPLACE, now=NOW
    )
    assert (moved.name, moved.parent_id) == ("a.txt", target.id)
    assert (fresh(there).trash_id, fresh(there).trashed_by_id) == (there.id, user_id(place.owner))


def test_move_stays_within_the_drive(place: Place) -> None:
    other = Place.make()
    grant(place.owner, "owner", other.drive)
    file = place.file("a")
    with pytest.raises(CrossDriveMove):
        items.move(place.owner, None, ref(file), ref(other.drive), now=NOW)
    with pytest.raises(InvalidArgument):
        items.move(place.owner, None, ref(file), ref(place.file("b")), now=NOW)
    with pytest.raises(NotFound):
        items.move(person(), None, ref(file), ref(other.drive), now=NOW)


class TestNoGainByMoving:
    """Whoever moves an item can neither reach more of it afterwards nor let others, unless she could share it."""

    def test_an_editor_does_not_become_owner(self, place: Place) -> None:
        theirs, mine = place.folder("theirs"), place.folder("mine")
        file = place.file("a", theirs)
        editor = person()
        grant(editor, "editor", theirs)
        grant(editor, "owner", mine)
        with pytest.raises(PermissionDenied):
            items.move(editor, None, ref(file), ref(mine), now=NOW)
        assert not may(editor, Permission.SHARE, fresh(file))

    def test_an_editor_of_the_drive_does_not_publish(self, place: Place) -> None:
        file, public = place.file("a", place.folder("private")), place.folder("public")
        grant("user:*", "viewer", public)
        editor = person()
        grant(editor, "editor", place.drive)
        with pytest.raises(PermissionDenied):
            items.move(editor, None, ref(file), ref(public), now=NOW)

    def test_an_editor_does_not_lift_a_block(self, place: Place) -> None:
        closed = place.folder("closed")
        file = place.file("a", closed)
        grant(person(), "blocked", closed)
        editor = person()
        grant(editor, "editor", place.drive)
        with pytest.raises(PermissionDenied):
            items.move(editor, None, ref(file), ref(place.drive), now=NOW)

    def test_an_editor_tidies_up_where_nothing_changes(self, place: Place) -> None:
        shared = place.folder("shared")
        one, two = place.folder("one", shared), place.folder("two", shared)
        file = place.file("a", one)
        editor = person()
        grant(editor, "editor", shared)
        assert items.move(editor, None, ref(file), ref(two), now=NOW).parent_id == two.id
        assert items.move(editor, None, ref(one), ref(two), now=NOW).parent_id == two.id

    def test_nothing_is_moved_into_a_drop_box(self, place: Place) -> None:
        """There its new name would tell which names are taken."""
        box = place.folder("box")
        place.file("taken.txt", box)
        someone = person()
        grant(someone, "uploader", box)
        for name in ("taken.txt", "free.txt"):
            own = place.file(name)
            grant(someone, "owner", own)
            for policy in ConflictPolicy:
                with pytest.raises(NotFound):
                    items.move(someone, None, ref(own), ref(box), on_conflict=policy, now=NOW)
            assert (fresh(own).parent_id, fresh(own).name) == (place.drive.id, name)

    def test_what_is_closed_to_her_is_not_replaced_and_not_told_apart(self, place: Place) -> None:
        target = place.folder("target")
        closed = place.file("a", target)
        file = place.file("a")
        editor = person()
        grant(editor, "owner", place.drive)
        grant(editor, "blocked", closed)
        with pytest.raises(NameTaken):
            items.move(editor, None, ref(file), ref(target), on_conflict=ConflictPolicy.REPLACE, now=NOW)
        assert not fresh(closed).is_trashed


def test_rename_tells_no_names_of_a_folder_that_she_cannot_see(place: Place) -> None:
    """Whoever was given one item may edit it, and learns nothing of what lies beside it: one answer for every name."""
    for parent in (place.drive, place.folder("hidden")):
        mine, beside = place.folder("mine", parent), place.file("taken", parent)
        editor = person()
        grant(editor, "editor", mine)
        answers = []
        for name in ("taken", "free", "a/b", "MINE", "mine"):
            with pytest.raises(PermissionDenied) as denied:
                items.rename(editor, ref(mine), name, now=NOW)
            answers.append(str(denied.value))
        assert len(set(answers)) == 1
        assert (fresh(mine).name, fresh(beside).name) == ("mine", "taken")
        grant(editor, "viewer", parent)
        assert items.rename(editor, ref(mine), "free", now=NOW).name == "free"
