"""The table of docs/permissions.md, row by row, asked of the real engine."""

from __future__ import annotations

import re

import pytest

from authz.types import Actor
from storage.errors import InvalidArgument, StorageError
from storage.models import Node, NodeKind
from storage.permissions import APPLICABLE, Permission, Role, kind_of, require
from storage.services import sharing
from storage.structure import EDGES
from tests.authz.clients.openfga.test_lists import MOST_LISTS
from tests.components.server import ROOT
from tests.storage.tree import Place, grant, person, ref

pytestmark = pytest.mark.django_db

PAGE = (ROOT / "docs" / "permissions.md").read_text()
COLUMNS = {
    "see": Permission.VIEW,
    "download": Permission.DOWNLOAD,
    "upload": Permission.UPLOAD,
    "make folders": Permission.CREATE_FOLDER,
    "edit": Permission.EDIT,
    "share": Permission.SHARE,
    "delete": Permission.DELETE,
}
ROWS = re.findall(r"^\| (\w+) on a (drive|folder|file) \|(.*)\|$", PAGE, re.MULTILINE)


def may(actor: Actor, permission: Permission, row: Node) -> bool:
    try:
        require(actor, permission, row)
    except StorageError:
        return False
    return True


class World:
    """A drive with a folder in a folder and files at each level; beside them another folder."""

    def __init__(self) -> None:
        self.place = Place.make()
        self.folder = self.place.folder("folder")
        self.inner = self.place.folder("inner", self.folder)
        self.file = self.place.file("file.txt", self.inner)
        self.beside = self.place.folder("beside")
        self.besides = self.place.file("other.txt", self.inner)

    def under(self, kind: str) -> tuple[Node, list[Node], list[Node]]:
        """Where to give, what it reaches, what it must not."""
        drive = self.place.drive
        if kind == "drive":
            return drive, [drive, self.folder, self.inner, self.file, self.beside], []
        if kind == "folder":
            return self.folder, [self.folder, self.inner, self.file, self.besides], [drive, self.beside]
        return self.file, [self.file], [drive, self.folder, self.inner, self.besides]


def test_the_table_has_every_role_wherever_it_can_be_given() -> None:
    head = re.search(r"^\| given \|(.*)\|$", PAGE, re.MULTILINE)
    assert head is not None
    assert [cell.strip() for cell in head[1].split("|")] == list(COLUMNS)
    expected = {(role.value, kind) for role in Role for kind in ("drive", "folder", "file")} - {("uploader", "file")}
    assert {(role, kind) for role, kind, _ in ROWS} == expected | {("blocked", k) for k in ("drive", "folder", "file")}


@pytest.mark.parametrize(("role", "kind", "cells"), ROWS, ids=[f"{role} on a {kind}" for role, kind, _ in ROWS])
def test_the_engine_says_the_same(role: str, kind: str, cells: str) -> None:
    world = World()
    actor = person()
    where, below, elsewhere = world.under(kind)
    grant(actor, role, where)
    if role == "blocked":
        # A block is worth telling only against the strongest role.
        grant(actor, "owner", world.place.drive)
    for (name, permission), cell in zip(COLUMNS.items(), cells.split("|"), strict=True):
        answers = {may(actor, permission, row) for row in below if permission in APPLICABLE[kind_of(row)]}
        told = {"yes": {True}, "no": {False}, "-": set()}[cell.strip()]
        assert answers == told, f"{name}: the page says {cell.strip()}"
        if role != "blocked":
            assert not any(may(actor, permission, row) for row in elsewhere), name


@pytest.mark.parametrize("kind", ["drive", "folder", "file"])
@pytest.mark.parametrize("role", Role)
def test_who_can_have_which_role(role: Role, kind: str) -> None:
    """A person any (but uploader of a file), a group any but owner below a drive, everyone viewer alone."""
    world = World()
    where, _, _ = world.under(kind)
    exists = (role, kind) != (Role.UPLOADER, "file")
    assert _can_share(world, where, person(), role) == exists
    assert _can_share(world, where, "group:" + "g" * 26 + "#member", role) == (
        exists and (role is not Role.OWNER or kind == "drive")
    )
    for audience in sharing.Audience:
        assert _can_share(world, where, audience, role) == (role is Role.VIEWER)


def _can_share(world: World, where: Node, subject: sharing.Subject, role: Role) -> bool:
    try:
        sharing.share(world.place.owner, ref(where), subject, role)
    except InvalidArgument:
        return False
    return True


def test_the_edges_that_a_model_can_use() -> None:
    table = PAGE.partition("| on | edge | leads to |")[2].partition("\n\n")[0]
    told = set()
    for line in table.splitlines()[2:]:
        on, edges, _ = (cell.strip() for cell in line.strip("|").split("|"))
        told |= {(kind.strip(), edge.strip().strip("`")) for kind in on.split(",") for edge in edges.split(",")}
    assert told == EDGES.edges()


def test_the_lists_of_a_page_with_openfga_are_as_many_as_both_pages_say() -> None:
    told = (ROOT / "docs" / "openfga.md").read_text()
    assert f"| {MOST_LISTS} lists at most, in parallel" in PAGE
    assert f": {MOST_LISTS} calls at most" in told


def test_administrators_own_every_drive() -> None:
    world = World()
    assert all(may(world.place.admin, permission, world.place.drive) for permission in APPLICABLE[NodeKind.DRIVE])
    assert all(may(world.place.admin, Permission.DELETE, row) for row in (world.folder, world.file))
