"""Shares: what they let people do, who may give and take them, and how they are told."""

from __future__ import annotations

import pytest

from authz.services import relationships
from authz.types import ANONYMOUS, Actor
from storage.errors import Conflict, InvalidArgument, NotFound, PermissionDenied
from storage.models import Node, NodeRef
from storage.permissions import Permission, Role, allowed
from storage.services import sharing
from storage.services.sharing import Audience, Share
from tests.storage.tree import Place, grant, name_of, person, ref

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Place:
    return Place.make()


def may(actor: Actor, permission: Permission, row: object) -> bool:
    return permission in allowed(actor, [permission], [row])[row.id]  # type: ignore[attr-defined, list-item]


def test_a_share_reaches_what_lies_below_and_ends_with_unshare(place: Place) -> None:
    folder = place.folder("f")
    file = place.file("a", folder)
    friend = person()
    made = sharing.share(place.owner, ref(folder), friend, Role.VIEWER)
    assert made == Share(Role.VIEWER, friend, ref(folder))
    assert may(friend, Permission.DOWNLOAD, file)
    assert sharing.share(place.owner, ref(folder), friend, Role.VIEWER) == made
    for _ in range(2):
        sharing.unshare(place.owner, ref(folder), friend, Role.VIEWER)
    assert not may(friend, Permission.VIEW, file)


def test_unshare_takes_one_role_or_all(place: Place) -> None:
    file = place.file("a")
    friend = person()
    for role in (Role.VIEWER, Role.EDITOR, Role.OWNER):
        sharing.share(place.owner, ref(file), friend, role)
    sharing.unshare(place.owner, ref(file), friend, Role.OWNER)
    assert may(friend, Permission.EDIT, file)
    assert not may(friend, Permission.SHARE, file)
    sharing.unshare(place.owner, ref(file), friend)
    assert not may(friend, Permission.VIEW, file)


def test_groups(place: Place) -> None:
    file = place.file("a")
    member = person()
    grant(member, "member", "group:g")
    sharing.share(place.owner, ref(file), "group:g#member", Role.EDITOR)
    assert may(member, Permission.EDIT, file)


@pytest.mark.parametrize(
    ("audience", "signed_in", "visitor"), [(Audience.SIGNED_IN, True, False), (Audience.ANYONE, True, True)]
)
def test_everyone(place: Place, audience: Audience, signed_in: bool, visitor: bool) -> None:
    file = place.file("a")
    sharing.share(place.owner, ref(file), audience, Role.VIEWER)
    assert may(person(), Permission.VIEW, file) is signed_in
    assert may(ANONYMOUS, Permission.VIEW, file) is visitor
    shares = sharing.shares(place.owner, [file])[file.id]
    assert shares is not None
    assert Share(Role.VIEWER, audience, ref(file)) in shares
    sharing.unshare(place.owner, ref(file), Audience.SIGNED_IN)
    assert not may(person(), Permission.VIEW, file)
    assert not may(ANONYMOUS, Permission.VIEW, file)


@pytest.mark.parametrize(
    ("kind", "subject", "role"),
    [
        ("drive", Audience.ANYONE, Role.EDITOR),
        ("folder", Audience.SIGNED_IN, Role.OWNER),
        ("folder", "group:g#member", Role.OWNER),
        ("file", "user:x", Role.UPLOADER),
        ("file", "user:*", Role.VIEWER),
        ("file", "anonymous:visitor", Role.VIEWER),
        ("file", "folder:f#viewer", Role.VIEWER),
        ("file", "nobody", Role.VIEWER),
    ],
)
def test_what_the_model_does_not_allow(place: Place, kind: str, subject: str, role: Role) -> None:
    nodes: dict[str, Node] = {"drive": place.drive, "folder": place.folder("f"), "file": place.file("a")}
    node = nodes[kind]
    with pytest.raises(InvalidArgument):
        sharing.share(place.owner, ref(node), subject, role)
    assert relationships.read(object=name_of(node), relation=role.value, user=subject).tuples == ()


def test_the_last_owner_of_a_drive_stays(place: Place) -> None:
    sharing.unshare(place.admin, ref(place.drive), place.owner)
    with pytest.raises(Conflict):
        sharing.unshare(place.admin, ref(place.drive), place.admin)
    assert may(place.admin, Permission.SHARE, place.drive)
    friend = person()
    sharing.share(place.admin, ref(place.drive), friend, Role.OWNER)
    sharing.unshare(friend, ref(place.drive), place.admin)
    assert may(friend, Permission.SHARE, place.drive)


def test_an_editor_gives_nothing(place: Place) -> None:
    file = place.file("a")
    editor = person()
    grant(editor, "editor", place.drive)
    with pytest.raises(PermissionDenied):
        sharing.share(editor, ref(file), person(), Role.VIEWER)
    with pytest.raises(PermissionDenied):
        sharing.unshare(editor, ref(file), person())
    assert sharing.shares(editor, [file]) == {file.id: None}


def test_own_and_inherited_shares(place: Place) -> None:
    folder = place.folder("f")
    file = place.file("a", folder)
    friend = person()
    sharing.share(place.owner, ref(folder), friend, Role.EDITOR)
    sharing.share(place.owner, ref(file), friend, Role.VIEWER)
    grant(friend, "blocked", folder)
    shares = sharing.shares(place.owner, [file, folder, place.drive])
    owners = {Share(Role.OWNER, each, ref(place.drive), inherited=True) for each in (place.owner, place.admin)}
    assert set(shares[file.id] or ()) == {
        Share(Role.VIEWER, friend, ref(file)),
        Share(Role.EDITOR, friend, ref(folder), inherited=True),
        *owners,
    }
    assert set(shares[folder.id] or ()) == {Share(Role.EDITOR, friend, ref(folder)), *owners}
    assert {share.inherited for share in shares[place.drive.id] or ()} == {False}


def test_unknown_nodes_are_absent(place: Place) -> None:
    file = place.file("a")
    with pytest.raises(NotFound):
        sharing.share(place.owner, NodeRef(ref(place.folder("f")).kind, file.id), person(), Role.VIEWER)
