import pytest

from accounts.errors import AccountNotFound, AdministratorRequired, GroupNameTaken, InvalidName
from accounts.models import User
from accounts.principal import VISITOR, Principal, actor_of
from accounts.services import groups, users
from authz.services import decisions
from authz.types import ANONYMOUS, Actor, CheckRequest

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(administrator: User) -> Actor:
    return actor_of(administrator.pk)


@pytest.fixture
def bob(root: Actor, password: str) -> User:
    return users.create(root, "bob", password)


def test_membership_is_a_tuple_and_holds_at_once(root: Actor, bob: User) -> None:
    group = groups.create(root, "Design team")
    for _ in range(2):
        groups.add_member(root, group.pk, bob.pk)
    assert decisions.check(CheckRequest(actor_of(bob.pk), "member", f"group:{group.pk}"))
    assert groups.members(root, group.pk) == [bob]
    assert groups.of_actor(actor_of(bob.pk)) == [group]
    for _ in range(2):
        groups.remove_member(root, group.pk, bob.pk)
    assert not decisions.check(CheckRequest(actor_of(bob.pk), "member", f"group:{group.pk}"))
    assert groups.members(root, group.pk) == []
    assert groups.of_actor(actor_of(bob.pk)) == []


def test_members_are_told_to_members_and_administrators(root: Actor, bob: User, password: str) -> None:
    group = groups.create(root, "Design team")
    groups.add_member(root, group.pk, bob.pk)
    stranger = users.create(root, "eve", password)
    assert groups.members(actor_of(bob.pk), group.pk) == [bob]
    assert groups.members(actor_of(stranger.pk), group.pk) is None
    assert groups.members(ANONYMOUS, group.pk) is None
    assert groups.everyone(Principal(actor_of(stranger.pk), stranger.pk)) == [group]
    assert groups.everyone(VISITOR) == []


def test_only_administrators_change_groups(root: Actor, bob: User) -> None:
    group = groups.create(root, "Design team")
    for actor in (actor_of(bob.pk), ANONYMOUS):
        with pytest.raises(AdministratorRequired):
            groups.create(actor, "Other")
        with pytest.raises(AdministratorRequired):
            groups.add_member(actor, group.pk, bob.pk)
        with pytest.raises(AdministratorRequired):
            groups.remove_member(actor, group.pk, bob.pk)


def test_what_cannot_be_kept_or_found_is_refused(root: Actor, bob: User) -> None:
    group = groups.create(root, "Design team")
    assert groups.by_name("DESIGN TEAM") == group
    with pytest.raises(GroupNameTaken):
        groups.create(root, "design team")
    for name in ("", " ", "a\nb", "x" * 151):
        with pytest.raises(InvalidName):
            groups.create(root, name)
    for group_id, user_id in (("absent", bob.pk), (group.pk, "absent")):
        with pytest.raises(AccountNotFound):
            groups.add_member(root, group_id, user_id)
        with pytest.raises(AccountNotFound):
            groups.remove_member(root, group_id, user_id)
    for name in ("absent", "a\0b"):
        with pytest.raises(AccountNotFound):
            groups.by_name(name)
