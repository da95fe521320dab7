from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from accounts.errors import (
    AccountNotFound,
    AdministratorRequired,
    InvalidAccessToken,
    InvalidName,
    Unauthenticated,
    UsernameTaken,
    WeakPassword,
)
from accounts.models import User
from accounts.permissions import is_administrator
from accounts.principal import VISITOR, actor_of
from accounts.services import access_tokens, passwords, sessions, users
from authz.errors import AdministratorLockout
from authz.services import decisions, relationships
from authz.types import ANONYMOUS, ORGANIZATION, CheckRequest, TupleKey

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_an_administrator_makes_members_and_administrators(administrator: User, password: str) -> None:
    member = users.create(actor_of(administrator.pk), "bob", password, display_name="Bob B.")
    assert decisions.check(CheckRequest(actor_of(member.pk), "member", "organization:default"))
    assert not is_administrator(actor_of(member.pk))
    second = users.create(actor_of(administrator.pk), "eve", password, administrator=True)
    assert is_administrator(actor_of(second.pk))
    assert users.by_username("BOB") == member
    assert users.by_ids([member.pk, "absent"]) == {member.pk: member}


def test_nobody_else_does(administrator: User, password: str) -> None:
    member = users.create(actor_of(administrator.pk), "bob", password)
    for actor in (ANONYMOUS, actor_of(member.pk), actor_of("absent")):
        with pytest.raises(AdministratorRequired):
            users.create(actor, "eve", password)
    assert User.objects.count() == 2


def test_the_last_active_administrator_is_not_deactivated(administrator: User, password: str) -> None:
    root = actor_of(administrator.pk)
    second = users.create(root, "eve", password, administrator=True)
    member = users.create(root, "bob", password)
    with pytest.raises(AdministratorRequired):
        users.deactivate(actor_of(member.pk), administrator.pk, now=NOW)
    with pytest.raises(AccountNotFound):
        users.deactivate(root, "absent", now=NOW)
    for user in (member, second):
        assert not users.deactivate(root, user.pk, now=NOW).is_active
    # Neither a member nor somebody who was deactivated herself could go on.
    with pytest.raises(AdministratorLockout):
        users.deactivate(root, administrator.pk, now=NOW)
    assert User.objects.get(pk=administrator.pk).is_active


def test_what_cannot_be_kept_is_refused_and_leaves_nothing(administrator: User, password: str) -> None:
    actor = actor_of(administrator.pk)
    cases: list[tuple[str, str, type[Exception]]] = [
        ("ROOT", password, UsernameTaken),
        ("a b", password, InvalidName),
        ("bob", "short", WeakPassword),
        ("bob", "1234567890123", WeakPassword),
        ("correcthorse", "correcthorse1", WeakPassword),
        ("bob", "\ud800" * 20, WeakPassword),
        ("bob", "x" * 2000, WeakPassword),
    ]
    for username, given, error in cases:
        with pytest.raises(error):
            users.create(actor, username, given)
    with pytest.raises(InvalidName):
        users.create(actor, "bob", password, display_name="a\nb")
    assert User.objects.count() == 1


@pytest.mark.parametrize("username", ["absent", "", "a\0b", "\ud800"])
def test_absent_names_have_one_answer(db: None, username: str) -> None:
    with pytest.raises(AccountNotFound):
        users.by_username(username)


def test_a_deactivated_person_is_not_found(administrator: User) -> None:
    User.objects.update(is_active=False)
    with pytest.raises(AccountNotFound):
        users.by_username("root")
    with pytest.raises(AccountNotFound):
        users.by_id(administrator.pk)


def test_who_loses_the_right_while_a_password_is_hashed_makes_nobody(
    administrator: User, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = actor_of(administrator.pk)
    second = actor_of(users.create(root, "eve", password, administrator=True).pk)
    admin = TupleKey(second, "admin", ORGANIZATION)
    ends: list[Callable[[], object]] = [
        lambda: relationships.write(deletes=[admin]),
        lambda: users.deactivate(root, second.removeprefix("user:"), now=NOW),
    ]
    judge = passwords.judge
    for end in ends:

        def judged(given: str, user: User, end: Callable[[], object] = end) -> None:
            judge(given, user)
            end()

        with monkeypatch.context() as patched:
            patched.setattr(passwords, "judge", judged)
            with pytest.raises(AdministratorRequired):
                users.create(second, "mallory", password, administrator=True)
        relationships.write(writes=[admin], on_duplicate="ignore")
    assert not User.objects.filter(username="mallory").exists()


def test_what_a_deactivation_ended_stays_ended_when_the_account_is_active_again(
    administrator: User, password: str
) -> None:
    member = users.create(actor_of(administrator.pk), "bob", password)
    before, other = sessions.begin(member, now=NOW), sessions.begin(administrator, now=NOW)
    token = access_tokens.create(before.principal, "laptop", expires_in=60, now=NOW)
    users.deactivate(actor_of(administrator.pk), member.pk, now=NOW)
    with pytest.raises(Unauthenticated):
        access_tokens.create(before.principal, "of a request that was under way", expires_in=60, now=NOW)
    # She had shown her password before, and her session is made only now.
    late = sessions.begin(member, now=NOW)
    User.objects.filter(pk=member.pk).update(is_active=True)
    for each in (before, late):
        assert sessions.authenticate(each.session_key, now=NOW) == VISITOR
    with pytest.raises(InvalidAccessToken):
        access_tokens.authenticate(token.secret, now=NOW)
    assert access_tokens.of_user(before.principal, now=NOW) == []
    anew = sessions.sign_in("bob", password, address="", now=NOW)
    assert sessions.authenticate(anew.session_key, now=NOW) == anew.principal
    assert sessions.authenticate(other.session_key, now=NOW) == other.principal
