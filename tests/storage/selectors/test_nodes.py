"""Single nodes by id and by path, and the paths of a page."""

from __future__ import annotations

import pytest

from storage.models import NodeKind, NodeRef
from storage.permissions import Permission
from storage.selectors import drives, items, nodes
from storage.selectors.filters import FileFilter, ItemFilter
from storage.selectors.pages import PageRequest
from storage.services import trash
from tests.components.statements import behind_the_door
from tests.storage.tree import NOW, Place, fresh, grant, person, ref

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Place:
    return Place.make()


def test_by_ids_keeps_the_order_and_hides_what_is_hidden(place: Place) -> None:
    folder, file, other = place.folder("f"), place.file("a"), place.file("b")
    friend = person()
    grant(friend, "viewer", file)
    refs = [ref(file), NodeRef(NodeKind.FILE, "nothing"), ref(folder), ref(place.drive), ref(other), ref(file)]
    assert nodes.by_ids(friend, refs) == [file, None, None, None, None, file]
    assert nodes.by_ids(place.owner, refs) == [file, None, folder, place.drive, other, file]
    with behind_the_door() as queries:
        nodes.by_id(place.owner, ref(file))
    assert len(queries) == 1


def test_an_id_names_one_kind_alone(place: Place) -> None:
    file = place.file("a")
    for kind in (NodeKind.FOLDER, NodeKind.DRIVE):
        assert nodes.by_id(place.owner, NodeRef(kind, file.id)) is None
    assert nodes.by_id(place.owner, NodeRef(NodeKind.FOLDER, place.drive.id)) is None


def test_by_path(place: Place) -> None:
    top = place.folder("Ame\u0301lie")
    inner = place.folder("b", top)
    file = place.file("c.txt", inner)
    owner, drive = place.owner, place.drive
    for path in ("/Am\u00e9lie/b/c.txt", "Ame\u0301lie//b/c.txt/"):
        with behind_the_door() as queries:
            assert nodes.by_path(owner, drive, path) == file
        assert len(queries) == 1
    assert nodes.by_path(owner, drive, "/Am\u00e9lie/b") == inner
    assert nodes.by_path(owner, drive, "/") == drive
    for path in ("/b", "/Am\u00e9lie/c.txt", "/Am\u00e9lie/b/c.txt/d", "/.." * 300, "/%"):
        assert nodes.by_path(owner, drive, path) is None
    friend = person()
    grant(friend, "viewer", inner)
    assert nodes.by_path(friend, drive, "/Am\u00e9lie/b/c.txt") == file
    assert nodes.by_path(friend, drive, "/Am\u00e9lie") is None
    assert nodes.by_path(friend, drive, "/") is None
    trash.trash(owner, None, [ref(inner)], now=NOW)
    assert nodes.by_path(owner, drive, "/Am\u00e9lie/b/c.txt") is None


def test_paths_leave_out_what_is_hidden_above(place: Place) -> None:
    top = place.folder("top")
    inner = place.folder("inner", top)
    deep, shallow, root = place.file("a", inner), place.file("b", top), place.file("c")
    rows = [fresh(row) for row in (deep, shallow, root, inner)]
    with behind_the_door() as queries:
        paths = nodes.paths(place.owner, rows)
    assert len(queries) == 2
    assert paths == {deep.id: "/top/inner/a", shallow.id: "/top/b", root.id: "/c", inner.id: "/top/inner"}
    friend = person()
    grant(friend, "viewer", inner)
    assert nodes.paths(friend, rows) == {deep.id: None, shallow.id: None, root.id: "/c", inner.id: None}


def test_drives(place: Place) -> None:
    others = [Place.make() for _ in range(2)]
    assert nodes.by_id(place.owner, ref(others[0].drive)) is None
    assert drives.drives(place.owner, PageRequest()).rows == [place.drive]
    assert drives.count_drives(place.owner) == 1
    everything = sorted([place.drive, *(other.drive for other in others)], key=lambda drive: drive.name_key)
    first = drives.drives(place.admin, PageRequest(first=2))
    assert first.rows == everything[:2]
    second = drives.drives(place.admin, PageRequest(first=2, after=first.cursor(first.rows[-1])))
    assert second.rows == everything[2:]
    assert drives.by_name(place.owner, place.drive.name) == place.drive
    assert drives.by_name(place.owner, others[0].drive.name) is None
    assert Permission.VIEW


@pytest.mark.parametrize("text", ["a\0b", "\0", "a\ud800", "\udfff"])
def test_a_text_that_no_database_keeps_names_nothing(place: Place, text: str) -> None:
    place.file("a")
    assert nodes.by_path(place.owner, place.drive, f"/a/{text}") is None
    assert drives.by_name(place.owner, text) is None
    assert items.children(place.owner, place.drive, PageRequest(), filter=ItemFilter(name_contains=text)).rows == []
    assert items.count_children(place.owner, place.drive, filter=ItemFilter(name_contains=text)) == 0
    assert items.files(place.owner, PageRequest(), filter=FileFilter(name_contains=text)).rows == []
    assert items.count_files(place.owner, filter=FileFilter(name_contains=text)) == 0
