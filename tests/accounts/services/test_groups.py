import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.errors import AccountNotFound, AdministratorRequired, GroupNameTaken, InvalidName
from accounts.models import Group, User
from accounts.permissions import is_administrator
from accounts.principal import VISITOR, Principal, actor_of
from accounts.services import groups, users
from authz.errors import AdministratorLockout
from authz.services import audit, decisions, relationships
from authz.types import ANONYMOUS, ORGANIZATION, Actor, CheckRequest, TupleKey

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
    assert groups.members(root, [group.pk]) == {group.pk: [bob]}
    assert groups.of_actor(actor_of(bob.pk)) == [group]
    for _ in range(2):
        groups.remove_member(root, group.pk, bob.pk)
    assert not decisions.check(CheckRequest(actor_of(bob.pk), "member", f"group:{group.pk}"))
    assert groups.members(root, [group.pk]) == {group.pk: []}
    assert groups.of_actor(actor_of(bob.pk)) == []


def test_the_last_administrator_stays_in_the_group_by_which_she_is_one(root: Actor, bob: User) -> None:
    group, who = groups.create(root, "Administrators"), actor_of(bob.pk)
    relationships.write(writes=[TupleKey(f"group:{group.pk}#member", "admin", ORGANIZATION)])
    groups.add_member(root, group.pk, bob.pk)
    relationships.write(deletes=[TupleKey(root, "admin", ORGANIZATION)])
    with pytest.raises(AdministratorLockout):
        groups.remove_member(who, group.pk, bob.pk)
    assert groups.members(who, [group.pk]) == {group.pk: [bob]}
    assert audit.entries(object=f"group:{group.pk}")[0].operation == "write", "nothing was taken"
    relationships.write(writes=[TupleKey(root, "admin", ORGANIZATION)])
    groups.remove_member(who, group.pk, bob.pk)
    assert not is_administrator(who)


def test_the_audit_says_who_filled_a_group(root: Actor, bob: User) -> None:
    group = groups.create(root, "Design team")
    groups.add_member(root, group.pk, bob.pk)
    groups.remove_member(root, group.pk, bob.pk)
    told = [(each.actor, each.operation, each.key.user) for each in audit.entries(object=f"group:{group.pk}")]
    assert told == [(root, "delete", actor_of(bob.pk)), (root, "write", actor_of(bob.pk))]
    (made,) = audit.entries(user=actor_of(bob.pk), object="organization:")
    assert made.actor == root


def test_members_are_told_to_members_and_administrators(root: Actor, bob: User, password: str) -> None:
    group = groups.create(root, "Design team")
    groups.add_member(root, group.pk, bob.pk)
    stranger = users.create(root, "eve", password)
    other = groups.create(root, "Builders")
    groups.add_member(root, other.pk, stranger.pk)
    both = [group.pk, other.pk]
    assert groups.members(root, both) == {group.pk: [bob], other.pk: [stranger]}
    assert groups.members(actor_of(bob.pk), both) == {group.pk: [bob], other.pk: None}
    assert groups.members(actor_of(stranger.pk), both) == {group.pk: None, other.pk: [stranger]}
    assert groups.members(ANONYMOUS, both) == {group.pk: None, other.pk: None}
    assert groups.members(root, []) == {}


def test_whoever_is_in_a_group_through_another_may_know_its_members(root: Actor, bob: User) -> None:
    inner, outer = groups.create(root, "inner"), groups.create(root, "outer")
    groups.add_member(root, inner.pk, bob.pk)
    relationships.write(writes=[TupleKey(f"group:{inner.pk}#member", "member", f"group:{outer.pk}")])
    # Only people are told: a group among the members is not one of them.
    assert groups.members(actor_of(bob.pk), [inner.pk, outer.pk]) == {inner.pk: [bob], outer.pk: []}


def test_members_of_many_groups_cost_as_many_statements_as_of_one(root: Actor, bob: User) -> None:
    rows = [groups.create(root, f"group {number}") for number in range(10)]
    for row in rows:
        groups.add_member(root, row.pk, bob.pk)
    costs = []
    for wanted in (rows[:1], rows):
        with CaptureQueriesContext(connection) as captured:
            assert groups.members(root, [row.pk for row in wanted]) == {row.pk: [bob] for row in wanted}
        costs.append(len(captured))
    assert costs[0] == costs[1] <= 5


def test_pages_of_groups_are_by_name_and_for_those_who_are_signed_in(root: Actor, bob: User) -> None:
    rows = [groups.create(root, name) for name in ("Delta", "alpha", "Charlie", "bravo")]
    by_name = sorted(rows, key=lambda row: row.name_key)
    principal = Principal(actor_of(bob.pk), bob.pk)
    assert groups.page(principal, limit=10) == by_name
    assert groups.page(principal, after="alpha", limit=2) == by_name[1:3]
    assert groups.page(principal, before="delta", backwards=True, limit=2) == by_name[2:0:-1]
    assert groups.page(principal, after="alpha", before="charlie", limit=9) == by_name[1:2]
    assert groups.count(principal) == 4
    assert (groups.page(VISITOR, limit=10), groups.count(VISITOR)) == ([], 0)


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
    # The last is short as it is typed, and far too long to be compared: NFKC writes out the one letter as 18.
    for name in ("", " ", "a\nb", "x" * 151, "\ufdfa" * 150):
        with pytest.raises(InvalidName):
            groups.create(root, name)
    for group_id, user_id in (("absent", bob.pk), (group.pk, "absent")):
        with pytest.raises(AccountNotFound):
            groups.add_member(root, group_id, user_id)
        with pytest.raises(AccountNotFound):
            groups.remove_member(root, group_id, user_id)
    for name in ("absent", "a\0b"):
        with pytest.raises(AccountNotFound, match="no such group"):
            groups.by_name(name)


def test_who_loses_the_right_before_the_group_is_held_changes_nothing(
    root: Actor, bob: User, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = groups.create(root, "Design team")
    groups.add_member(root, group.pk, bob.pk)
    former = actor_of(users.create(root, "eve", password, administrator=True).pk)
    admin, by_id = TupleKey(former, "admin", ORGANIZATION), groups.by_id

    def taken_back(group_id: str) -> Group:
        relationships.write(deletes=[admin])
        return by_id(group_id)

    monkeypatch.setattr(groups, "by_id", taken_back)
    for change, person in ((groups.add_member, former), (groups.remove_member, actor_of(bob.pk))):
        with pytest.raises(AdministratorRequired):
            change(former, group.pk, person.removeprefix("user:"))
        relationships.write(writes=[admin])
    assert groups.members(root, [group.pk]) == {group.pk: [bob]}
