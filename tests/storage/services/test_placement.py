"""Names in a folder: what each policy makes of a clash, one by one and in batches."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from storage import names
from storage.errors import InvalidName, NameTaken, NotFound
from storage.models import ConflictPolicy, Item, ItemKind
from storage.services import trash
from storage.services.placement import Placement, Wanted, place_all, place_unseen
from storage.services.placement import place as place_one
from tests.storage.tree import NOW, Place, ref

pytestmark = pytest.mark.django_db
RENAME, REPLACE = ConflictPolicy.RENAME, ConflictPolicy.REPLACE


@pytest.fixture
def place() -> Place:
    return Place.make()


def place_many(parent_id: str, wanted: list[Wanted]) -> list[object]:
    with transaction.atomic():
        return list(place_all(parent_id, wanted))


def test_policies(place: Place) -> None:
    file, folder = place.file("a.txt"), place.folder("b")
    results = place_many(
        place.drive.id,
        [
            Wanted("new"),
            Wanted("a.txt"),
            Wanted("a.txt", RENAME),
            Wanted("a.txt", REPLACE),
            Wanted("b", REPLACE),
            Wanted("b", REPLACE, ItemKind.FOLDER),
            Wanted("a/b"),
        ],
    )
    assert results[0] == Placement("new", "new")
    assert isinstance(results[1], NameTaken)
    assert results[2] == Placement("a (2).txt", "a (2).txt")
    assert results[3] == Placement("a.txt", "a.txt", file)
    assert isinstance(results[4], NameTaken)
    assert results[5] == Placement("b", "b", folder)
    assert isinstance(results[6], InvalidName)


def test_a_batch_does_not_clash_with_itself(place: Place) -> None:
    results = place_many(place.drive.id, [Wanted("a", RENAME)] * 4 + [Wanted("a"), Wanted("a", REPLACE)])
    assert [each.name for each in results[:4] if isinstance(each, Placement)] == ["a", "a (2)", "a (3)", "a (4)"]
    assert [type(each) for each in results[4:]] == [NameTaken, NameTaken]


def test_the_trash_takes_no_names(place: Place) -> None:
    trash.trash(place.owner, None, [ref(place.file("a"))], now=NOW)
    with transaction.atomic():
        assert place_one(place.drive.id, Wanted("a")).name == "a"


def test_a_folder_that_is_gone(place: Place) -> None:
    folder = place.folder("f")
    trash.trash(place.owner, None, [ref(folder)], now=NOW)
    for folder_id in (folder.id, "nothing", place.file("a").id):
        with pytest.raises(NotFound), transaction.atomic():
            place_one(folder_id, Wanted("a"))


def test_many_of_one_name_cost_few_statements(place: Place) -> None:
    taken = ["a.txt", *(names.numbered("a.txt", number) for number in range(2, 1500))]
    Item.objects.bulk_create(
        Item(
            kind="file", drive=place.drive, parent_id=place.drive.id, name=n, name_key=n, created_at=NOW, updated_at=NOW
        )
        for n in taken
    )
    with (
        transaction.atomic(),
        CaptureQueriesContext(
            connection,
        ) as queries,
    ):
        found = place_one(place.drive.id, Wanted("a.txt", RENAME))
    assert found.name not in taken
    assert len(queries) <= 15


def test_the_longest_name_is_shortened(place: Place) -> None:
    longest = "x" * 251 + ".txt"
    place.file(longest)
    with transaction.atomic():
        assert place_one(place.drive.id, Wanted(longest, RENAME)).name == "x" * 247 + " (2).txt"


def test_names_that_may_be_tried_without_a_look() -> None:
    two_folders = [("one", Wanted("a")), ("other", Wanted("a", RENAME))]
    assert place_unseen(two_folders) == [Placement("a", "a"), Placement("a", "a")]
    for needs_a_look in (
        [("one", Wanted("a")), ("one", Wanted("a"))],
        [("one", Wanted("a", REPLACE))],
        [("one", Wanted("a/b"))],
    ):
        assert place_unseen(needs_a_look) is None
