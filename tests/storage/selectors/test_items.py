"""Pages, counts and filters of items: always what whole checks would leave, whole and in order."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authz.errors import InvalidTuple, WriteConflict
from authz.types import ANONYMOUS, Actor
from storage.errors import InvalidArgument, InvalidCursor
from storage.models import Item, ItemKind, Node
from storage.permissions import Permission, allowed, require_all
from storage.selectors import items as pages
from storage.selectors import visible
from storage.selectors.filters import FileFilter, ItemFilter
from storage.selectors.items import ItemOrder, ItemOrderField
from storage.selectors.pages import Page, PageRequest
from storage.services import trash
from tests.components.statements import behind_the_door
from tests.storage.tree import NOW, Place, grant, person, ref, user_id

EXAMPLES = 300 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 8
ORDERS = [
    ItemOrder(field, descending)
    for field in (ItemOrderField.NAME, ItemOrderField.UPDATED_AT, ItemOrderField.SIZE)
    for descending in (False, True)
]


def walk(fetch: Callable[[PageRequest], Page[Item]], size: int) -> list[Item]:
    """All pages, forwards; and the same backwards."""
    there: list[Item] = []
    request = PageRequest(first=size)
    while True:
        page = fetch(request)
        there += page.rows
        assert page.has_previous_page is (request.after is not None)
        if not page.has_next_page:
            break
        assert len(page.rows) == size
        request = PageRequest(first=size, after=page.cursor(page.rows[-1]))
    back: list[Item] = []
    request = PageRequest(last=size)
    while True:
        page = fetch(request)
        back[:0] = page.rows
        if not page.has_previous_page:
            break
        request = PageRequest(last=size, before=page.cursor(page.rows[0]))
    assert back == there
    return there


def sort_key(order: ItemOrder) -> Callable[[Item], object]:
    return {
        ItemOrderField.NAME: lambda row: (row.name_key, row.id),
        ItemOrderField.UPDATED_AT: lambda row: (row.updated_at, row.id),
        ItemOrderField.SIZE: lambda row: (-1 if row.size is None else row.size, row.id),
    }[order.field]


@pytest.fixture
def place(db: None) -> Place:
    return Place.make()


def scatter(place: Place, dice: random.Random, count: int = 16) -> list[Node]:
    """A random tree; names, sizes and times with many ties."""
    nodes: list[Node] = [place.drive]
    for number in range(count):
        parent = dice.choice([node for node in nodes if not isinstance(node, Item) or node.kind == ItemKind.FOLDER])
        name = f"{dice.choice('abc')}{number}"
        if dice.random() < 0.4:
            row = place.folder(name, parent)
        else:
            row = place.file(name, parent, content=b"x" * dice.randrange(3))
        row.updated_at = NOW + timedelta(microseconds=dice.randrange(3))
        row.save(update_fields=["updated_at"])
        nodes.append(row)
    return nodes


def permitted(actor: Actor, permission: Permission, rows: list[Item]) -> set[str]:
    answers = require_all(actor, [(permission, row) for row in rows])
    return {row.id for row, error in zip(rows, answers, strict=True) if error is None}


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), probe=st.sampled_from([0, 3, 2000]))
def test_lists_equal_whole_checks(db: None, monkeypatch: pytest.MonkeyPatch, seed: int, probe: int) -> None:
    monkeypatch.setattr(visible, "PROBE", probe)
    with transaction.atomic():
        compare(random.Random(seed))
        transaction.set_rollback(True)


def compare(dice: random.Random) -> None:
    place = Place.make()
    nodes = scatter(place, dice)
    actor = dice.choice([person(), ANONYMOUS])
    if actor != ANONYMOUS:
        grant(actor, "member", "group:g")
    for _ in range(dice.randrange(6)):
        who = dice.choice([actor, "group:g#member", "user:*", "anonymous:*"])
        relation = dice.choice(["viewer", "viewer", "editor", "owner", "blocked", "uploader"])
        with contextlib.suppress(InvalidTuple, WriteConflict):
            grant(who, relation, dice.choice(nodes))
    trash.trash(place.owner, None, [ref(dice.choice(nodes[1:]))], now=NOW)
    rows = list(Item.objects.filter(drive=place.drive, parent__isnull=False))
    seen = permitted(actor, Permission.VIEW, rows)
    order = dice.choice(ORDERS)
    shown = [row for row in rows if row.id in seen and not row.is_trashed]
    shown.sort(key=sort_key(order), reverse=order.descending)  # type: ignore[arg-type]

    files = [row for row in shown if row.kind == ItemKind.FILE]
    found = walk(lambda request: pages.files(actor, request, order=order), dice.randrange(1, 5))
    assert [row.id for row in found] == [row.id for row in files]
    assert pages.count_files(actor) == len(files)

    container = dice.choice([node for node in nodes if not isinstance(node, Item) or node.kind == ItemKind.FOLDER])
    children = [row for row in shown if row.parent_id == container.id]
    found = walk(lambda request: pages.children(actor, container, request, order=order), dice.randrange(1, 5))
    assert [row.id for row in found] == [row.id for row in children]
    assert pages.count_children(actor, container) == len(children)

    deletable = permitted(actor, Permission.DELETE, rows)
    bin_rows = {row.id for row in rows if row.trash_id == row.id and row.id in deletable}
    assert {row.id for row in walk(lambda request: pages.trashed(actor, place.drive, request), 2)} == bin_rows
    assert pages.count_trashed(actor, place.drive) == len(bin_rows)

    flags = allowed(actor, list(Permission), found)
    for permission in Permission:
        assert {row.id for row in found if permission in flags[row.id]} == permitted(actor, permission, found)


def test_cursors_belong_to_one_list_of_one_actor(place: Place) -> None:
    files = [place.file(name) for name in "abc"]
    page = pages.files(place.owner, PageRequest(first=1))
    cursor = page.cursor(page.rows[0])
    after = PageRequest(first=1, after=cursor)
    assert pages.files(place.owner, after).rows == [files[1]]
    other: list[Callable[[], object]] = [
        lambda: pages.files(place.admin, after),
        lambda: pages.files(place.owner, after, order=ItemOrder(descending=True)),
        lambda: pages.files(place.owner, after, order=ItemOrder(ItemOrderField.SIZE)),
        lambda: pages.files(place.owner, after, filter=FileFilter(drive_id=place.drive.id)),
        lambda: pages.children(place.owner, place.drive, after),
        lambda: pages.files(place.owner, PageRequest(after=cursor[:-1] + ("A" if cursor[-1] != "A" else "B"))),
        lambda: pages.files(place.owner, PageRequest(after="nonsense")),
        lambda: pages.files(place.owner, PageRequest(after="")),
    ]
    for call in other:
        with pytest.raises(InvalidCursor):
            call()


def test_a_page_does_not_shift_when_rows_come_and_go(place: Place) -> None:
    files = [place.file(name) for name in "bdf"]
    first = pages.files(place.owner, PageRequest(first=2))
    cursor = first.cursor(first.rows[-1])
    place.file("a")
    trash.trash(place.owner, None, [ref(files[1])], now=NOW)
    assert pages.files(place.owner, PageRequest(first=2, after=cursor)).rows == [files[2]]


@pytest.mark.parametrize("arguments", [{"first": 101}, {"first": -1}, {"last": 101}, {"first": 1, "last": 1}])
def test_sizes_of_pages(arguments: dict[str, int]) -> None:
    with pytest.raises(InvalidArgument):
        PageRequest(**arguments)  # type: ignore[arg-type]


def test_an_empty_page_tells_that_there_is_more(place: Place) -> None:
    place.file("a")
    page = pages.files(place.owner, PageRequest(first=0))
    assert (list(page.rows), page.has_next_page) == ([], True)


def test_there_is_a_page_after_the_longest_name(place: Place) -> None:
    """NFC writes each of its characters as three, of four bytes each."""
    longest, last = place.folder("\U0001d160" * 255), place.folder("\U0001f4c4")
    assert walk(lambda request: pages.children(place.owner, place.drive, request), 1) == [longest, last]


def test_filters_of_files(place: Place) -> None:
    folder = place.folder("f")
    one = place.file("Straße 100%.txt", folder, content=b"1")
    two = place.file("two_x.txt", content=b"22", by=place.owner)
    Item.objects.filter(id=two.id).update(content_type="image/png", updated_at=NOW + timedelta(seconds=1))

    def found(**narrowed: object) -> list[str]:
        wanted = FileFilter(**narrowed)  # type: ignore[arg-type]
        rows = pages.files(place.owner, PageRequest(), filter=wanted).rows
        assert pages.count_files(place.owner, filter=wanted) == len(rows)
        return [row.id for row in rows]

    everything = [one.id, two.id]
    assert found() == found(drive_id=place.drive.id) == everything
    assert found(drive_id="nothing") == []
    assert found(folder_id=folder.id) == [one.id]
    assert found(name_contains="%") == found(name_contains="aße") == found(name_contains="0%.t") == [one.id]
    assert found(name_contains="STRASSE") == found(name_contains="two%") == []
    assert found(name_contains="_") == [two.id]
    assert found(content_type="image/*") == found(content_type="image/PNG") == [two.id]
    assert found(content_type="image/p") == []
    assert found(sha256=one.sha256) == [one.id]
    assert found(min_size=2) == [two.id]
    assert found(max_size=1) == [one.id]
    assert found(updated_after=NOW + timedelta(microseconds=1)) == [two.id]
    assert found(updated_after=NOW, updated_before=NOW + timedelta(seconds=1)) == [one.id]
    assert found(created_by_id=user_id(place.owner)) == [two.id]
    for wrong in ({"sha256": "abc"}, {"sha256": "A" * 64}, {"content_type": "image"}, {"content_type": "*/*"}):
        with pytest.raises(InvalidArgument):
            FileFilter(**wrong)  # type: ignore[arg-type]


def test_filters_of_children(place: Place) -> None:
    folder, file = place.folder("abc"), place.file("abd")

    def found(wanted: ItemFilter) -> list[Item]:
        rows = pages.children(place.owner, place.drive, PageRequest(), filter=wanted).rows
        assert pages.count_children(place.owner, place.drive, filter=wanted) == len(rows)
        return list(rows)

    assert [row.id for row in found(ItemFilter(kind=ItemKind.FOLDER))] == [folder.id]
    assert [row.id for row in found(ItemFilter(kind=ItemKind.FILE))] == [file.id]
    assert [row.id for row in found(ItemFilter(name_contains="bd"))] == [file.id]


def test_a_page_and_its_flags_are_two_statements(place: Place) -> None:
    folder = place.folder("f", place.folder("above"))
    for number in range(5):
        place.file(str(number), folder)
    with behind_the_door() as queries:
        rows = pages.files(place.owner, PageRequest()).rows
        flags = allowed(place.owner, list(Permission), rows)
    assert len(queries) == 2
    assert [row.version_number for row in rows] == [1] * 5
    assert all(Permission.DOWNLOAD in flags[row.id] for row in rows)
