"""Whoever has the machine makes an administrator, of nobody or of somebody, and whoever had her account is out."""

from __future__ import annotations

from datetime import datetime

import pytest

from accounts.errors import InvalidAccessToken, InvalidName, WeakPassword
from accounts.models import User
from accounts.permissions import grant_organization, is_administrator
from accounts.principal import Principal, actor_of
from accounts.services import access_tokens, recovery, sessions, setup
from authz.services import audit
from authz.types import OPERATOR

pytestmark = pytest.mark.django_db


def sign_in(username: str, password: str, now: datetime) -> Principal:
    return sessions.sign_in(username, password, address="127.0.0.1", now=now).principal


def test_a_new_account(now: datetime, password: str) -> None:
    user = recovery.make_administrator("ann", password, now=now)
    assert is_administrator(sign_in("ann", password, now).actor)
    assert user.is_staff
    assert {each.actor for each in audit.entries(user=actor_of(user.pk))} == {OPERATOR}


def test_an_account_that_was_closed_opens_for_its_new_password_alone(now: datetime, password: str) -> None:
    ann = User.objects.create_user("ann", "what she had before")
    grant_organization(actor_of(ann.pk), administrator=False)
    before = sessions.begin(ann, now=now)
    token = access_tokens.create(before.principal, "old", expires_in=3600, now=now)
    User.objects.update(is_active=False)
    assert recovery.make_administrator("ANN", password, now=now) == ann
    assert is_administrator(sign_in("ann", password, now).actor)
    assert sessions.authenticate(before.session_key, now=now).user_id is None
    with pytest.raises(InvalidAccessToken):
        access_tokens.authenticate(token.secret, now=now)


def test_who_is_an_administrator_already_gets_another_password(now: datetime, password: str) -> None:
    recovery.make_administrator("ann", "what she forgot", now=now)
    recovery.make_administrator("ann", password, now=now)
    assert is_administrator(sign_in("ann", password, now).actor)


@pytest.mark.parametrize("username", ["ann", "bob"])
def test_what_is_refused_changes_nothing(now: datetime, username: str) -> None:
    User.objects.create_user("ann", "what she had before", is_active=False)
    with pytest.raises(WeakPassword):
        recovery.make_administrator(username, username, now=now)
    with pytest.raises(InvalidName):
        recovery.make_administrator("not a name", "what would be good enough", now=now)
    assert [(each.username, each.is_active) for each in User.objects.all()] == [("ann", False)]


def test_a_closed_installation_is_not_opened_by_a_setup_token(now: datetime, password: str) -> None:
    recovery.make_administrator("ann", password, now=now)
    User.objects.update(is_active=False)
    assert setup.issue_token(now=now) is None
