"""Every operation of the tree, by everybody: what is allowed, what is refused, and what must look absent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from authz.types import ANONYMOUS, Actor
from storage.errors import NotFound, PermissionDenied, StorageError
from storage.models import Item, Node
from storage.permissions import Permission, Role, allowed, require
from storage.selectors import items as item_pages
from storage.selectors import nodes
from storage.selectors.pages import PageRequest
from storage.services import drives, folders, items, sharing, trash
from tests.storage.tree import NOW, Place, grant, person, ref, user_id

pytestmark = pytest.mark.django_db

ALLOWED, DENIED, ABSENT = "allowed", "denied", "absent"


@dataclass(frozen=True)
class World:
    place: Place
    work: Item
    sub: Item
    file: Item
    bin: Item
    actors: dict[str, Actor]


@pytest.fixture
def world() -> World:
    place = Place.make()
    work = place.folder("plans")
    sub = place.folder("sub", work)
    file = place.file("a.txt", work)
    old = place.file("old.txt", work)
    trash.trash(place.owner, None, [ref(old)], now=NOW)
    actors = {name: person(name) for name in ("owner", "editor", "viewer", "uploader", "blocked", "stranger")}
    for name in ("owner", "editor", "viewer", "uploader"):
        grant(actors[name], name, work)
    grant(actors["blocked"], "owner", work)
    grant(actors["blocked"], "blocked", place.drive)
    return World(place, work, sub, file, old, {**actors, "anonymous": ANONYMOUS, "administrator": place.admin})


def outcome(call: Callable[[], object]) -> str:
    try:
        result = call()
    except StorageError as error:
        result = error
    if isinstance(result, list):
        (result,) = result
    if isinstance(result, PermissionDenied):
        return DENIED
    if isinstance(result, NotFound) or result is None:
        return ABSENT
    if isinstance(result, StorageError):
        raise result
    return ALLOWED


def asked(actor: Actor, permission: Permission, row: Node) -> bool:
    require(actor, permission, row)
    return True


OPERATIONS: dict[str, Callable[[World, Actor], object]] = {
    "see": lambda w, a: nodes.by_id(a, ref(w.file)),
    "see by path": lambda w, a: nodes.by_path(a, w.place.drive, "/plans/a.txt"),
    "see in page": lambda w, a: item_pages.children(a, w.work, PageRequest(first=1)).rows or None,
    "see in files": lambda w, a: item_pages.files(a, PageRequest(first=1)).rows or None,
    "see in trash": lambda w, a: item_pages.trashed(a, w.place.drive, PageRequest(first=1)).rows or None,
    "see trashed": lambda w, a: nodes.by_id(a, ref(w.bin)),
    "see shares": lambda w, a: None if sharing.shares(a, [w.file])[w.file.id] is None else True,
    "upload": lambda w, a: asked(a, Permission.UPLOAD, w.work),
    "download": lambda w, a: asked(a, Permission.DOWNLOAD, w.file),
    "create folder": lambda w, a: folders.create(a, None, ref(w.work), "new", now=NOW),
    "rename": lambda w, a: items.rename(a, ref(w.file), "b.txt", now=NOW),
    "move": lambda w, a: items.move(a, None, ref(w.file), ref(w.sub), now=NOW),
    "trash": lambda w, a: trash.trash(a, None, [ref(w.sub)], now=NOW),
    "restore": lambda w, a: trash.restore(a, [ref(w.bin)], now=NOW),
    "purge": lambda w, a: trash.purge(a, [ref(w.bin)], now=NOW),
    "share": lambda w, a: sharing.share(a, ref(w.file), person(), Role.VIEWER),
    "unshare": lambda w, a: sharing.unshare(a, ref(w.work), w.actors["viewer"]),
    "create drive": lambda w, a: drives.create(a, None, "Mine", now=NOW),
}
EDITORS = {"owner", "editor", "administrator"}
OWNERS = {"owner", "administrator"}
VIEWERS = {"owner", "editor", "viewer", "administrator"}
EVERYBODY = [*sorted(VIEWERS), "uploader", "blocked", "stranger", "anonymous"]
MAY: dict[str, set[str]] = {
    "see": VIEWERS,
    "see by path": VIEWERS,
    "see in page": VIEWERS,
    "see in files": VIEWERS,
    "see in trash": OWNERS,
    "see trashed": OWNERS,
    "see shares": OWNERS,
    "upload": {*EDITORS, "uploader"},
    "download": VIEWERS,
    "create folder": EDITORS,
    "rename": EDITORS,
    "move": EDITORS,
    "trash": OWNERS,
    "restore": OWNERS,
    "purge": OWNERS,
    "share": OWNERS,
    "unshare": OWNERS,
    "create drive": {"administrator"},
}
SILENT = {"see in trash", "see trashed", "see shares"}
"""Reads that leave out what is not allowed, without saying so."""


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_matrix(world: World, operation: str, who: str) -> None:
    if who in MAY[operation]:
        expected = ALLOWED
    elif operation == "create drive" or (who in VIEWERS and operation not in SILENT):
        expected = DENIED
    else:
        expected = ABSENT
    assert outcome(lambda: OPERATIONS[operation](world, world.actors[who])) == expected


@pytest.mark.parametrize("who", EVERYBODY)
def test_flags_equal_whole_checks(world: World, who: str) -> None:
    actor = world.actors[who]
    rows: list[Node] = [world.place.drive, world.work, world.sub, world.file, world.bin]
    flags = allowed(actor, Permission, rows)
    for row in rows:
        for permission in Permission:
            whole = outcome(partial(asked, actor, permission, row))
            assert (permission in flags[row.id]) == (whole == ALLOWED), (who, permission, row)


def test_a_drive_belongs_to_who_created_it() -> None:
    place = Place.make()
    assert Permission.SHARE in allowed(place.admin, [Permission.SHARE], [place.drive])[place.drive.id]
    assert user_id(place.admin) == place.drive.created_by_id
