"""What the OpenFGA store has of the tree is what the rows say, after anything that changes it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from authz.clients.openfga.calls import Deadline
from authz.clients.sql.edges import StructureEdges
from authz.models import TupleChange
from authz.services import remote_engine
from authz.services.client import configured_client
from authz.services.remote import engine_comparison, reconciliation, store_migration
from authz.services.remote.reconciliation import Kind
from authz.services.shipped_model import shipped_model
from authz.types import CheckRequest, TupleKey
from storage.errors import MoveIntoItself
from storage.models import Item, Node
from storage.permissions import EDGES, structure
from storage.services import items, mirror, trash
from tests.components.openfga import openfga, require_openfga
from tests.components.permissions import Installation, forget
from tests.storage.tree import NOW, Place, fresh, grant, person, ref

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def store(settings: Any, transactional_db: None) -> Iterator[Installation]:
    """An OpenFGA server answers, and has the tree."""
    require_openfga()
    with openfga() as server:
        settings.FILEGRAPH_OPENFGA_API_URL = server.api_url
        settings.FILEGRAPH_OPENFGA_MIRROR_STRUCTURE = True
        found = Installation(settings)
        found.choose("openfga")
        found.prepare()
        yield found
        forget()


def made() -> Place:
    """A drive, and its backend, which was inserted past the service."""
    place = Place.make()
    mirror.placed([place.drive.backend])
    return place


def file_in(place: Place, name: str, parent: Item | None = None) -> Item:
    found = place.file(name, parent)
    mirror.placed([found])
    return found


def edges(store: Installation) -> set[TupleKey]:
    reconciliation.drain()
    structural = EDGES.edges()
    return {key for key in store.stored() if (key.object.partition(":")[0], key.relation) in structural}


def rows() -> set[TupleKey]:
    return {key for page in StructureEdges(shipped_model(), EDGES, "default").pages() for key in page}


def differs() -> dict[Kind, int]:
    return dict(reconciliation.reconcile(EDGES, mend=False).found)


def test_new_ones_moved_ones_and_purged_ones(store: Installation) -> None:
    place = made()
    a, b = place.folder("a"), place.folder("b")
    inner = place.folder("inner", a)
    file = file_in(place, "plan.txt", inner)
    bytes_at = TupleKey(f"backend:{place.drive.backend_id}", "backend", f"drive:{place.drive.id}")
    assert {*structure([file, inner, a, b, place.drive]), bytes_at} == edges(store) == rows()
    before = edges(store)
    items.move(place.owner, None, ref(inner), ref(b), now=NOW)
    assert TupleKey(f"folder:{a.id}", "ancestor", f"file:{file.id}") in before - edges(store)
    assert edges(store) == rows()
    trash.trash(place.owner, None, [ref(b)], now=NOW)
    assert edges(store) == rows()
    trash.purge(place.owner, [ref(b)], now=NOW)
    assert edges(store) == rows() == {*structure([a, place.drive]), bytes_at}
    assert differs() == {}


def test_another_service_gets_the_answers_that_the_rows_give(store: Installation) -> None:
    """It knows no tree, asks the server, and is told what Filegraph would say."""
    place = made()
    outer = place.folder("outer")
    file = file_in(place, "plan.txt", place.folder("inner", outer))
    friend = person()
    grant(friend, "viewer", outer)
    remote = remote_engine.remote()

    def allowed(actor: str, relation: str) -> bool:
        key = {"user": actor, "relation": relation, "object": f"file:{file.id}"}
        (answer,) = remote.send([remote.question("check", {"tuple_key": key})], Deadline())
        return answer["allowed"] is True

    assert [allowed(friend, relation) for relation in ("can_view", "can_edit")] == [True, False]
    assert allowed(place.owner, "can_delete")
    assert not allowed(person(), "can_view")
    other = place.folder("other")
    items.move(place.owner, None, ref(fresh(file)), ref(other), now=NOW)
    assert not allowed(friend, "can_view")


def test_contextual_edges_that_are_stored_too_do_no_harm(store: Installation) -> None:
    place = made()
    file = file_in(place, "plan.txt", place.folder("a"))
    client = configured_client(EDGES)
    assert client.check(CheckRequest(place.owner, "can_delete", f"file:{file.id}", tuple(structure([file]))))
    assert not client.check(CheckRequest(person(), "can_view", f"file:{file.id}", tuple(structure([file]))))


def test_what_lies_above_does_not_count_as_shared(store: Installation) -> None:
    """Who may edit may move where nobody was granted anything, whatever the store has of the tree."""
    place = made()
    editor = person()
    grant(editor, "editor", place.drive)
    a, b = place.folder("a"), place.folder("b")
    file = file_in(place, "plan.txt", a)
    assert items.move(editor, None, ref(file), ref(b), now=NOW).parent_id == b.id


@pytest.mark.parametrize("seed", range(3))
def test_random_moves(store: Installation, seed: int) -> None:
    chance = random.Random(seed)
    place = made()
    folders = [place.folder("root")]
    for number in range(8):
        folders.append(place.folder(f"f{number}", chance.choice(folders)))
    files = [file_in(place, f"x{number}", chance.choice(folders)) for number in range(8)]
    for _ in range(12):
        moved = chance.choice([*folders, *files])
        targets: list[Node] = [*folders, place.drive]
        target = chance.choice(targets)
        try:
            items.move(place.owner, None, ref(fresh(moved)), ref(target), now=NOW)
        except MoveIntoItself:
            continue
        assert edges(store) == rows()


def test_while_the_store_stands_by_it_goes_on_hearing_of_the_tree(store: Installation) -> None:
    place = made()
    file = file_in(place, "plan.txt", place.folder("a"))
    store.choose("embedded")
    for number in range(5):
        file_in(place, f"x{number}")
    items.move(place.owner, None, ref(fresh(file)), ref(place.folder("b")), now=NOW)
    grant(person("ann"), "editor", place.drive)
    assert edges(store) == rows()
    assert differs() == {}
    outcome = engine_comparison.compare(EDGES, 200)
    assert (outcome.agreed, outcome.difference) == (200, None)


def test_a_store_that_was_let_go_hears_of_nothing(store: Installation) -> None:
    place = made()
    store.choose("embedded")
    assert store_migration.to_embedded(EDGES).is_clean
    before = TupleChange.objects.count()
    file_in(place, "plan.txt", place.folder("a"))
    assert TupleChange.objects.count() == before


def test_turned_on_later_and_off_again(store: Installation, settings: Any) -> None:
    settings.FILEGRAPH_OPENFGA_MIRROR_STRUCTURE = False
    place = made()
    file_in(place, "plan.txt", place.folder("a"))
    assert edges(store) == set()
    settings.FILEGRAPH_OPENFGA_MIRROR_STRUCTURE = True
    assert differs() == {Kind.MISSING: len(rows())}
    assert reconciliation.reconcile(EDGES, mend=True).is_clean
    assert edges(store) == rows()
    settings.FILEGRAPH_OPENFGA_MIRROR_STRUCTURE = False
    assert differs() == {Kind.STALE: len(rows())}
    assert reconciliation.reconcile(EDGES, mend=True).is_clean
    assert edges(store) == set()
