"""Shares: what they let people do, who may give and take them, and how they are told."""

from __future__ import annotations

import pytest

from authz.dsl import parse
from authz.services import audit, client, orphans, relationships
from authz.services.active_model import LoadedModel
from authz.services.shipped_model import SHIPPED_MODEL
from authz.types import ANONYMOUS, Actor, RelationshipCondition, TupleKey
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
    before = relationships.read(object=name_of(node))
    with pytest.raises(InvalidArgument):
        sharing.share(place.owner, ref(node), subject, role)
    assert relationships.read(object=name_of(node)) == before


def test_the_last_owner_of_a_drive_stays(place: Place) -> None:
    sharing.unshare(place.admin, ref(place.drive), place.owner)
    with pytest.raises(Conflict):
        sharing.unshare(place.admin, ref(place.drive), place.admin)
    assert may(place.admin, Permission.SHARE, place.drive)
    friend = person()
    sharing.share(place.admin, ref(place.drive), friend, Role.OWNER)
    sharing.unshare(friend, ref(place.drive), place.admin)
    assert may(friend, Permission.SHARE, place.drive)


UNTIL = RelationshipCondition("until", {"end": "2999-01-01T00:00:00Z"})
ENDED = RelationshipCondition("until", {"end": "2020-01-01T00:00:00Z"})


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model in which owners of drives and viewers of files may be so for a time."""
    text = SHIPPED_MODEL.read_text(encoding="utf-8")
    states = "]\n    define blocked: [user, service, group#member]\n    # states"
    for old, new in (
        ("define owner: [user, group#member, role#assignee]", "define owner: [user, user with until, group#member]"),
        (f"share_link#bearer{states}", f"user with until, user:* with until, anonymous:* with until{states}"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    until = "\ncondition until(current_time: timestamp, end: timestamp) {\n  current_time < end\n}\n"
    model = LoadedModel("", parse(text + until))
    for module in (client, orphans):
        monkeypatch.setattr(module, "active", lambda: model)


def give(who: str, role: Role, on: Node, condition: RelationshipCondition) -> None:
    relationships.write(writes=[TupleKey(who, role, name_of(on), condition)])


@pytest.mark.usefixtures("timed")
@pytest.mark.parametrize("condition", [UNTIL, ENDED])
def test_an_owner_for_a_time_is_not_the_one_who_stays(place: Place, condition: RelationshipCondition) -> None:
    friend = person()
    give(friend, Role.OWNER, place.drive, condition)
    sharing.unshare(place.admin, ref(place.drive), place.owner)
    with pytest.raises(Conflict):
        sharing.unshare(place.admin, ref(place.drive), place.admin)
    sharing.unshare(place.admin, ref(place.drive), friend)
    with pytest.raises(Conflict):
        sharing.unshare(place.admin, ref(place.drive), place.admin)


@pytest.mark.usefixtures("timed")
def test_an_owner_whom_the_model_does_not_know_is_not_the_one_who_stays(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(person(), Role.OWNER, place.drive, UNTIL)
    monkeypatch.undo()
    sharing.unshare(place.admin, ref(place.drive), place.owner)
    with pytest.raises(Conflict):
        sharing.unshare(place.admin, ref(place.drive), place.admin)


@pytest.mark.usefixtures("timed")
@pytest.mark.parametrize("orphaned", [False, True])
def test_a_share_takes_the_place_of_one_under_a_condition(
    place: Place, orphaned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, friend = place.file("a"), person()
    give(friend, Role.VIEWER, file, ENDED)
    give("user:*", Role.VIEWER, file, ENDED)
    own = {Share(Role.VIEWER, who, ref(file), is_conditional=True) for who in (friend, Audience.SIGNED_IN)}
    if orphaned:
        monkeypatch.undo()
        own = set()
    inherited = {Share(Role.OWNER, each, ref(place.drive), inherited=True) for each in (place.owner, place.admin)}
    assert set(sharing.shares(place.owner, [file])[file.id] or ()) == own | inherited
    assert not may(friend, Permission.VIEW, file)
    for subject in (friend, Audience.ANYONE):
        made = sharing.share(place.owner, ref(file), subject, Role.VIEWER)
        assert made in (sharing.shares(place.owner, [file])[file.id] or ())
    assert may(friend, Permission.VIEW, file)
    assert may(ANONYMOUS, Permission.VIEW, file)
    assert all(key.condition is None for key in relationships.read_all(object=name_of(file)))
    entries = [(each.operation, each.key.user) for each in audit.entries(object=name_of(file), since=None)]
    told = [("delete", friend), ("write", friend), ("delete", "user:*"), ("write", "user:*"), ("write", "anonymous:*")]
    assert list(reversed(entries))[-len(told) :] == told


@pytest.mark.usefixtures("timed")
def test_visitors_for_a_time_beside_everybody_for_good_are_two_shares(place: Place) -> None:
    file = place.file("a")
    sharing.share(place.owner, ref(file), Audience.SIGNED_IN, Role.VIEWER)
    give("anonymous:*", Role.VIEWER, file, UNTIL)
    shares = {each for each in sharing.shares(place.owner, [file])[file.id] or () if not each.inherited}
    assert shares == {
        Share(Role.VIEWER, Audience.SIGNED_IN, ref(file)),
        Share(Role.VIEWER, Audience.ANYONE, ref(file), is_conditional=True),
    }


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
