from datetime import datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from accounts.errors import InvalidCredentials, RateLimited
from accounts.models import SignInAttempt, User
from accounts.principal import VISITOR
from accounts.services import passwords, sessions

pytestmark = pytest.mark.django_db


def _sign_in(password: str, now: datetime, username: str = "root", address: str = "192.0.2.1") -> sessions.SignedIn:
    return sessions.sign_in(username, password, address=address, now=now)


def test_a_session_tells_who_asks_in_two_statements(administrator: User, password: str, now: datetime) -> None:
    signed_in = _sign_in(password, now)
    with CaptureQueriesContext(
        connection,
    ) as statements:
        principal = sessions.authenticate(signed_in.session_key, now=now)
    assert principal.actor == f"user:{administrator.pk}"
    assert principal.session_key == signed_in.session_key
    assert len(statements) <= 2


def test_each_sign_in_has_its_own_key_and_sign_out_ends_one(administrator: User, password: str, now: datetime) -> None:
    one, two = _sign_in(password, now), _sign_in(password, now)
    assert one.session_key != two.session_key
    sessions.sign_out(one.principal)
    assert sessions.authenticate(one.session_key, now=now) == VISITOR
    assert sessions.authenticate(two.session_key, now=now) == two.principal


def test_a_sign_in_that_makes_the_hash_of_the_password_stronger_begins_a_session(
    administrator: User, password: str, now: datetime, settings: Settings
) -> None:
    """As the first one of everybody after an upgrade of Django, which hashes with more rounds each time."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    signed_in = _sign_in(password, now)
    assert User.objects.get(pk=administrator.pk).password.startswith("pbkdf2_sha256$")
    assert sessions.authenticate(signed_in.session_key, now=now) == signed_in.principal


def test_a_session_ends_with_its_time_its_person_and_her_password(
    administrator: User, password: str, now: datetime
) -> None:
    key = _sign_in(password, now).session_key
    expires = Session.objects.get(session_key=key).expire_date
    assert sessions.authenticate(key, now=expires) == VISITOR
    User.objects.filter(pk=administrator.pk).update(is_active=False)
    assert sessions.authenticate(key, now=now) == VISITOR
    User.objects.filter(pk=administrator.pk).update(is_active=True)
    assert sessions.authenticate(key, now=now) != VISITOR
    administrator.set_password("another good password")
    administrator.save()
    assert sessions.authenticate(key, now=now) == VISITOR
    assert sessions.forget_expired(now=expires + timedelta(days=1)) >= 1


@pytest.mark.parametrize("key", ["", "x", "\0", "\u00e9" * 32, "0" * 10_000])
def test_other_keys_are_nobody(key: str, now: datetime) -> None:
    assert sessions.authenticate(key, now=now) == VISITOR


@pytest.mark.parametrize(
    ("username", "given"),
    [
        ("root", "wrong"),
        ("nobody", "correct horse battery"),
        ("root", ""),
        ("", ""),
        ("a\0b", "x"),
        ("\ud800", "\ud800"),
        ("x" * 100_000, "y" * 100_000),
    ],
)
def test_wrong_credentials_have_one_answer(administrator: User, now: datetime, username: str, given: str) -> None:
    with pytest.raises(InvalidCredentials) as caught:
        sessions.sign_in(username, given, address="192.0.2.1", now=now)
    assert caught.value.message == InvalidCredentials.default_message


def test_an_unknown_name_is_hashed_for_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def counted(raw: str) -> str:
        calls.append(raw)
        return ""

    monkeypatch.setattr(passwords, "make_password", counted)
    assert not passwords.matches("something", None)
    assert calls == ["something"]


def test_a_deactivated_person_cannot_sign_in(administrator: User, password: str, now: datetime) -> None:
    User.objects.filter(pk=administrator.pk).update(is_active=False)
    with pytest.raises(InvalidCredentials):
        _sign_in(password, now)


def _fail(now: datetime, *, username: str = "root", address: str = "192.0.2.1") -> type[Exception]:
    with pytest.raises((InvalidCredentials, RateLimited)) as caught:
        _sign_in("wrong", now, username=username, address=address)
    return caught.type


def test_the_sixth_failure_within_a_minute_is_refused_even_with_the_right_password(
    administrator: User, password: str, now: datetime
) -> None:
    assert [_fail(now) for _ in range(7)] == [InvalidCredentials] * 5 + [RateLimited] * 2
    with pytest.raises(RateLimited):
        _sign_in(password, now, username="ROOT")
    _sign_in(password, now + timedelta(seconds=61))


def test_nobody_keeps_another_out(administrator: User, password: str, now: datetime) -> None:
    for second in range(0, 300, 5):
        _fail(now + timedelta(seconds=second), address="198.51.100.7")
        _fail(now + timedelta(seconds=second), address="192.0.2.1", username="colleague")
    _sign_in(password, now + timedelta(seconds=300), address="192.0.2.1")


def test_refused_attempts_are_not_counted(administrator: User, password: str, now: datetime) -> None:
    for _ in range(5):
        _fail(now)
    for second in range(1, 60):
        assert _fail(now + timedelta(seconds=second)) is RateLimited
    _sign_in(password, now + timedelta(seconds=61))


def test_many_addresses_cannot_guess_one_password_together(administrator: User, password: str, now: datetime) -> None:
    for number in range(100):
        assert _fail(now, address=f"192.0.2.{number}") is InvalidCredentials
    with pytest.raises(RateLimited):
        _sign_in(password, now, address="198.51.100.7")
    _sign_in(password, now + timedelta(seconds=61), address="198.51.100.7")


def test_one_address_cannot_try_many_names(administrator: User, password: str, now: datetime) -> None:
    for number in range(20):
        assert _fail(now, username=f"name{number}", address="2001:db8::" + str(number)) is InvalidCredentials
    with pytest.raises(RateLimited):
        _sign_in(password, now, address="2001:db8::ffff")
    _sign_in(password, now, address="2001:db8:0:1::1")


def test_successes_do_not_count_and_names_are_not_stored(administrator: User, password: str, now: datetime) -> None:
    for _ in range(20):
        _sign_in(password, now)
    assert not SignInAttempt.objects.exists()
    with pytest.raises(InvalidCredentials):
        _sign_in("wrong", now)
    assert all("root" not in row.bucket and "192" not in row.bucket[:3] for row in SignInAttempt.objects.all())


def test_whoever_signs_in_here_is_signed_in_at_the_admin_pages(
    administrator: User, password: str, client: Client, settings: object
) -> None:
    signed_in = sessions.sign_in("root", password, address="", now=_real_now())
    client.cookies["filegraph_session"] = signed_in.session_key
    answer = client.get("/admin/")
    assert answer.status_code == 200
    assert b"Administration | Filegraph" in answer.content


def test_the_admin_pages_are_closed_to_members(administrator: User, password: str, client: Client) -> None:
    User.objects.create_user("bob", password)
    sessions.sign_in("bob", password, address="", now=_real_now())
    assert not client.login(username="bob", password="wrong")
    assert client.login(username="bob", password=password)
    assert client.get("/admin/").status_code == 302


def _real_now() -> datetime:
    from django.utils import timezone  # noqa: PLC0415

    return timezone.now()
