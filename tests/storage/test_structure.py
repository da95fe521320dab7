"""What the rows tell authz, and that a model in the usual style, each folder asking the next one, works everywhere."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from authz.dsl import parse
from authz.services import client
from authz.services.active_model import LoadedModel
from authz.types import Actor
from storage.models import MAX_DEPTH, Drive, FolderClosure, Item, ItemKind, Node
from storage.permissions import Permission, allowed, ancestries, require
from storage.selectors import items as pages
from storage.selectors import nodes
from storage.selectors.pages import PageRequest
from storage.services import items, trash
from storage.structure import EDGES, structure
from tests.storage.selectors.test_items import compare
from tests.storage.tree import NOW, Place, grant, person, ref

pytestmark = pytest.mark.django_db

RECURSIVE = Path(__file__).with_name("recursive.fga").read_text(encoding="utf-8")


@pytest.fixture
def recursive_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another model is active than the shipped one."""
    model = LoadedModel(RECURSIVE, parse(RECURSIVE))
    monkeypatch.setattr(client, "active", lambda: model)


@pytest.fixture
def place(db: None) -> Place:
    return Place.make()


def test_what_the_rows_tell_authz(place: Place) -> None:
    top = place.folder("top")
    inner = place.folder("inner", top)
    file = place.file("a", inner, by=place.owner)
    rows: list[Node] = [file, inner, place.drive]
    told = {(edge.user, edge.relation, edge.object) for edge in structure(rows, {"can_view", "can_delete"})}
    drive = f"drive:{place.drive.id}"
    assert told == {
        ("organization:default", "organization", drive),
        (drive, "drive", f"file:{file.id}"),
        (drive, "drive", f"folder:{inner.id}"),
        (f"folder:{inner.id}", "ancestor", f"file:{file.id}"),
        (f"folder:{top.id}", "ancestor", f"file:{file.id}"),
        (f"folder:{top.id}", "ancestor", f"folder:{inner.id}"),
    }
    backend = f"backend:{place.drive.backend_id}"
    assert {(edge.user, edge.relation, edge.object) for edge in structure(rows)} - told == {
        (backend, "backend", drive),
        ("organization:default", "organization", backend),
        (drive, "drive", f"folder:{top.id}"),
    }
    (seen,) = nodes.by_ids(place.owner, [ref(file)])
    assert isinstance(seen, Item)
    assert set(seen.ancestry or ()) == set(ancestries([file])[file.id]) == {top.id, inner.id}


@pytest.mark.usefixtures("recursive_model")
def test_a_recursive_model_is_told_of_each_next_folder(place: Place) -> None:
    top = place.folder("top")
    inner = place.folder("inner", top)
    file = place.file("a", inner)
    with CaptureQueriesContext(connection) as queries:
        told = {(edge.user, edge.relation, edge.object) for edge in structure([file], {"can_view"})}
    assert len(queries) == 2
    drive = f"drive:{place.drive.id}"
    assert told == {
        (f"folder:{inner.id}", "parent", f"file:{file.id}"),
        (f"folder:{top.id}", "parent", f"folder:{inner.id}"),
        (drive, "parent", f"folder:{top.id}"),
        ("organization:default", "organization", drive),
    }


@pytest.mark.usefixtures("recursive_model")
@pytest.mark.parametrize("seed", range(8))
def test_lists_equal_whole_checks_under_a_recursive_model(seed: int) -> None:
    compare(random.Random(seed))


@pytest.mark.usefixtures("recursive_model")
def test_a_recursive_model_is_planned_whole(place: Place) -> None:
    made = client.configured_client(EDGES)
    made.page_plans(frozenset(("file", each) for each in ("can_view", "can_download", "can_delete", "can_share")))
    file = place.file("a")
    with CaptureQueriesContext(connection) as queries:
        assert pages.files(place.owner, PageRequest()).rows == [file]
    assert len(queries) == 1


@pytest.mark.usefixtures("recursive_model")
def test_two_hundred_levels_of_folders(place: Place) -> None:
    """Check, list, flags and move at the deepest place there is."""
    chain = ladder(place.drive, MAX_DEPTH)
    deepest = chain[-1]
    file = place.file("deep", deepest)
    reader, blocked = person("reader"), person("blocked")
    grant(reader, "viewer", chain[0])
    grant(blocked, "viewer", place.drive)
    grant(blocked, "blocked", chain[100])
    require(reader, Permission.DOWNLOAD, file)
    assert seen(reader) == {file.id}
    assert pages.count_files(reader) == 1
    assert allowed(reader, list(Permission), [file])[file.id] == {Permission.VIEW, Permission.DOWNLOAD}
    assert [row.id for row in pages.children(reader, deepest, PageRequest()).rows] == [file.id]
    assert seen(blocked) == set()
    assert allowed(blocked, [Permission.VIEW], [file, chain[99]]) == {
        file.id: frozenset(),
        chain[99].id: {Permission.VIEW},
    }
    items.move(place.admin, None, ref(file), ref(place.drive), now=NOW)
    assert seen(reader) == set()
    assert seen(blocked) == {file.id}
    (moved,) = nodes.by_ids(place.owner, [ref(file)])
    assert moved is not None
    trash.trash(place.owner, None, [ref(moved)], now=NOW)
    assert seen(blocked) == set()


def seen(actor: Actor) -> set[str]:
    return {row.id for row in pages.files(actor, PageRequest()).rows}


def ladder(drive: Drive, depth: int) -> list[Item]:
    """Folders below each other, inserted without asking anybody."""
    chain: list[Item] = []
    for level in range(depth):
        parent_id = chain[-1].id if chain else drive.id
        name = f"level {level}"
        folder = Item.objects.create(
            kind=ItemKind.FOLDER,
            drive=drive,
            parent_id=parent_id,
            name=name,
            name_key=name,
            created_at=NOW,
            updated_at=NOW,
        )
        FolderClosure.objects.add(folder.id, parent_id)
        chain.append(folder)
    return chain
