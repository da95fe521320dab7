from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.errors import (
    AccessTokenExpired,
    AccountNotFound,
    InvalidAccessToken,
    InvalidLifetime,
    InvalidName,
    Unauthenticated,
)
from accounts.models import AccessToken, User
from accounts.principal import VISITOR, Principal, actor_of
from accounts.services import access_tokens
from accounts.services.token_uses import TOKEN_USES

pytestmark = pytest.mark.django_db


@pytest.fixture
def principal(administrator: User) -> Principal:
    return Principal(actor=actor_of(administrator.pk), user_id=administrator.pk, username="root")


def test_the_secret_tells_who_asks_in_one_statement(principal: Principal, now: datetime) -> None:
    created = access_tokens.create(principal, "laptop", expires_in=3600, now=now)
    assert created.secret.startswith("fg_")
    assert created.secret not in str(AccessToken.objects.values_list())
    with CaptureQueriesContext(connection) as statements:
        found = access_tokens.authenticate(created.secret, now=now)
    assert len(statements) == 1
    assert (found.actor, found.user_id, found.username) == (principal.actor, principal.user_id, "root")
    assert found.access_token_id == created.access_token.pk
    assert found.session_key is None


def test_a_token_ends_with_its_time_its_revocation_and_its_person(principal: Principal, now: datetime) -> None:
    created = access_tokens.create(principal, "laptop", expires_in=60, now=now)
    access_tokens.authenticate(created.secret, now=now + timedelta(seconds=59))
    with pytest.raises(AccessTokenExpired):
        access_tokens.authenticate(created.secret, now=now + timedelta(seconds=60))
    User.objects.update(is_active=False)
    with pytest.raises(InvalidAccessToken):
        access_tokens.authenticate(created.secret, now=now)
    User.objects.update(is_active=True)
    revoked = access_tokens.revoke(principal, created.access_token.pk, now=now)
    assert revoked.revoked_at == now
    assert access_tokens.revoke(principal, revoked.pk, now=now + timedelta(1)).revoked_at == now
    with pytest.raises(InvalidAccessToken):
        access_tokens.authenticate(created.secret, now=now)
    assert access_tokens.of_user(principal, now=now) == []


@pytest.mark.parametrize("secret", ["", "fg_", "fg_" + "0" * 32, "fg_" + "\0" * 32, "\ud800", "x" * 100_000])
def test_other_secrets_are_refused(db: None, secret: str, now: datetime) -> None:
    with pytest.raises(InvalidAccessToken):
        access_tokens.authenticate(secret, now=now)


def test_nobody_ends_the_token_of_another(principal: Principal, now: datetime) -> None:
    created = access_tokens.create(principal, "laptop", expires_in=60, now=now)
    other = User.objects.create_user("bob")
    stranger = Principal(actor=actor_of(other.pk), user_id=other.pk)
    with pytest.raises(AccountNotFound):
        access_tokens.revoke(stranger, created.access_token.pk, now=now)
    with pytest.raises(AccountNotFound):
        access_tokens.revoke(stranger, "absent", now=now)
    for act in (
        lambda: access_tokens.revoke(VISITOR, created.access_token.pk, now=now),
        lambda: access_tokens.create(VISITOR, "x", expires_in=60, now=now),
    ):
        with pytest.raises(Unauthenticated):
            act()
    assert access_tokens.of_user(VISITOR, now=now) == []
    access_tokens.authenticate(created.secret, now=now)


def test_what_cannot_be_kept_is_refused(principal: Principal, now: datetime) -> None:
    for lifetime in (-1, 0, 59, access_tokens.MAX_LIFETIME + 1):
        with pytest.raises(InvalidLifetime):
            access_tokens.create(principal, "x", expires_in=lifetime, now=now)
    for name in ("", "  ", "a\nb", "x" * 101):
        with pytest.raises(InvalidName):
            access_tokens.create(principal, name, expires_in=60, now=now)


def test_the_last_use_is_written_later(principal: Principal, now: datetime) -> None:
    TOKEN_USES.flush()
    created = access_tokens.create(principal, "laptop", expires_in=3600, now=now)
    access_tokens.authenticate(created.secret, now=now)
    access_tokens.authenticate(created.secret, now=now + timedelta(seconds=5))
    assert AccessToken.objects.get().last_used_at is None
    assert TOKEN_USES.flush() == 1
    assert AccessToken.objects.get().last_used_at == now + timedelta(seconds=5)
    assert TOKEN_USES.flush() == 0


def test_a_later_use_that_another_process_wrote_stays(principal: Principal, now: datetime) -> None:
    TOKEN_USES.flush()
    created = access_tokens.create(principal, "laptop", expires_in=3600, now=now)
    access_tokens.authenticate(created.secret, now=now)
    AccessToken.objects.update(last_used_at=now + timedelta(seconds=30))
    TOKEN_USES.flush()
    assert AccessToken.objects.get().last_used_at == now + timedelta(seconds=30)
