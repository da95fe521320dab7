"""The closure equals the tree after anything that can be done to it, alone and in parallel."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.errors import MoveIntoItself, NameTaken, NotFound, StorageError, TooDeep
from storage.models import MAX_DEPTH, ConflictPolicy, Drive, FolderClosure, Item, ItemKind
from storage.services import folders, items, trash
from tests.storage.tree import NOW, Place, ref, user_id

EXAMPLES = 1000 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 40


def assert_sound(drive: Drive) -> None:
    """The closure is that of the tree, and no two children that are not in the trash share a name."""
    rows = {row.id: row for row in Item.objects.filter(drive=drive)}
    expected = set()
    for row in rows.values():
        if row.kind == ItemKind.FOLDER:
            above, depth = row, 0
            expected.add((row.id, row.id, 0))
            while not above.is_root:
                above, depth = rows[above.parent_id], depth + 1
                expected.add((above.id, row.id, depth))
    stored = FolderClosure.objects.filter(descendant__in=[row.id for row in rows.values()])
    assert set(stored.values_list("ancestor_id", "descendant_id", "depth")) == expected
    shown = [(row.parent_id, row.name_key) for row in rows.values() if not row.is_trashed]
    assert len(shown) == len(set(shown))
    for row in rows.values():
        if row.is_trashed and row.trash_id != row.id:
            assert rows[row.parent_id].trash_id == row.trash_id


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "create", "file", "move", "move", "rename", "trash", "restore", "purge"]),
        st.integers(0, 11),
        st.integers(0, 11),
        st.sampled_from("abc"),
        st.sampled_from(list(ConflictPolicy)),
    ),
    max_size=25,
)


@pytest.mark.django_db
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_sequence_keeps_the_closure(steps: list[tuple[str, int, int, str, ConflictPolicy]]) -> None:
    place = Place.make()
    for step, one, other, name, policy in steps:
        rows = list(Item.objects.filter(drive=place.drive, parent__isnull=False).order_by("id"))
        containers: list[Drive | Item] = [place.drive, *(row for row in rows if row.kind == ItemKind.FOLDER)]
        target = containers[other % len(containers)]
        row = rows[one % len(rows)] if rows else None
        apply(place, step, row, target, name, policy)
        assert_sound(place.drive)


def apply(place: Place, step: str, row: Item | None, target: Drive | Item, name: str, policy: ConflictPolicy) -> None:
    calls: dict[str, Callable[[Item], object]] = {
        "move": lambda r: items.move(place.owner, None, ref(r), ref(target), on_conflict=policy, now=NOW),
        "rename": lambda r: items.rename(place.owner, ref(r), name, now=NOW),
        "trash": lambda r: trash.trash(place.owner, None, [ref(r)], now=NOW),
        "restore": lambda r: trash.restore(place.owner, [ref(r)], now=NOW),
        "purge": lambda r: trash.purge(place.owner, [ref(r)], now=NOW),
    }
    try:
        if step == "create":
            folders.create(place.owner, None, ref(target), name, on_conflict=policy, now=NOW)
        elif step == "file":
            if not (isinstance(target, Item) and target.is_trashed):
                free = not Item.objects.filter(parent=target.id, name_key=name, trash=None).exists()
                if free:
                    place.file(name, target)
        elif row is not None:
            calls[step](row)
    except (NameTaken, NotFound, MoveIntoItself):
        pass


@pytest.mark.django_db
def test_depth_is_limited_for_new_and_for_moved_folders() -> None:
    place = Place.make()
    parent: Drive | Item = place.drive
    chain = []
    # Straight into the tables: 200 levels through the service would only be slow.
    for level in range(MAX_DEPTH):
        folder = Item.objects.create(
            kind=ItemKind.FOLDER,
            drive=place.drive,
            parent_id=parent.id,
            name="d",
            name_key="d",
            created_at=NOW,
            updated_at=NOW,
        )
        FolderClosure.objects.add(folder.id, parent.id)
        parent = folder
        chain.append(folder)
        assert FolderClosure.objects.depth(folder.id) == level + 1
    with pytest.raises(TooDeep):
        place.folder("too deep", parent)
    two = place.folder("two")
    place.folder("below", two)
    with pytest.raises(TooDeep):
        items.move(place.owner, None, ref(two), ref(chain[-2]), now=NOW)
    moved = items.move(place.owner, None, ref(two), ref(chain[-3]), now=NOW)
    assert FolderClosure.objects.depth(moved.id) == MAX_DEPTH - 1


@pytest.mark.django_db
def test_a_folder_does_not_go_below_itself() -> None:
    place = Place.make()
    top = place.folder("top")
    below = place.folder("below", top)
    for target in (top, below):
        with pytest.raises(MoveIntoItself):
            items.move(place.owner, None, ref(top), ref(target), now=NOW)


def in_threads(count: int, work: Callable[[int], object]) -> list[object]:
    def run(number: int) -> object:
        try:
            return work(number)
        except StorageError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.django_db(transaction=True)
def test_parallel_creates_give_every_folder_its_own_name() -> None:
    place = Place.make()

    def create(number: int) -> object:
        policy = ConflictPolicy.RENAME if number % 2 else ConflictPolicy.FAIL
        return folders.create(place.owner, None, ref(place.drive), "same", on_conflict=policy, now=NOW)

    results = in_threads(8, create)
    # One that must not be renamed succeeds only when it comes first.
    assert sum(isinstance(result, Item) for result in results) in (4, 5)
    assert all(isinstance(result, Item | NameTaken) for result in results)
    assert_sound(place.drive)
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_parallel_moves_never_make_a_circle() -> None:
    place = Place.make()
    made = [place.folder(str(number)) for number in range(6)]

    def shuffle(number: int) -> object:
        dice = random.Random(number)
        for _ in range(6):
            row, target = dice.sample(made, 2)
            try:
                items.move(place.owner, user_id(place.owner), ref(row), ref(target), now=NOW)
            except MoveIntoItself:
                items.move(place.owner, None, ref(row), ref(place.drive), now=NOW)
        return None

    assert in_threads(4, shuffle) == [None] * 4
    assert_sound(place.drive)


@pytest.mark.django_db(transaction=True)
def test_crossing_moves_of_two_folders_into_each_other() -> None:
    place = Place.make()
    for _ in range(5):
        one, two = place.folder("one"), place.folder("two")
        pairs = [(one, two), (two, one)]

        def cross(number: int, pairs: list[tuple[Item, Item]] = pairs) -> object:
            row, target = pairs[number]
            return items.move(place.owner, None, ref(row), ref(target), now=NOW)

        results = in_threads(2, cross)
        assert sorted(type(result).__name__ for result in results) in (["Item", "MoveIntoItself"],)
        assert_sound(place.drive)
        trash.trash(place.owner, None, [ref(one), ref(two)], now=NOW)
