import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction

from accounts.errors import AlreadySetUp, InvalidSetupToken, SetupError, WeakPassword
from accounts.models import SetupToken, User
from accounts.permissions import is_administrator
from accounts.principal import actor_of
from accounts.services import sessions, setup

pytestmark = pytest.mark.django_db


def _token(now: datetime) -> str:
    token = setup.issue_token(now=now)
    assert token is not None
    return token


def test_the_token_makes_one_administrator_and_signs_her_in(now: datetime, password: str) -> None:
    signed_in = setup.complete(_token(now), "ann", password, now=now)
    assert is_administrator(actor_of(signed_in.user.pk))
    assert sessions.authenticate(signed_in.session_key, now=now) == signed_in.principal
    assert not SetupToken.objects.exists()
    assert setup.issue_token(now=now) is None


def test_it_is_valid_once_and_for_half_an_hour(now: datetime, password: str) -> None:
    token = _token(now)
    with pytest.raises(InvalidSetupToken):
        setup.complete(token, "ann", password, now=now + timedelta(minutes=30))
    setup.complete(token, "ann", password, now=now + timedelta(minutes=29))
    with pytest.raises(AlreadySetUp):
        setup.complete(token, "bob", password, now=now)
    assert User.objects.count() == 1


@pytest.mark.parametrize("used", [0, 1])
def test_each_process_has_its_token_and_one_makes_all_void(now: datetime, password: str, used: int) -> None:
    tokens = [_token(now), _token(now)]
    setup.complete(tokens[used], "ann", password, now=now)
    assert not SetupToken.objects.exists()


def test_a_token_whose_time_is_over_goes_when_a_new_one_comes(now: datetime) -> None:
    _token(now)
    _token(now + setup.LIFETIME)
    assert SetupToken.objects.count() == 1


def test_a_refused_password_does_not_spend_it(now: datetime, password: str) -> None:
    token = _token(now)
    with pytest.raises(WeakPassword):
        setup.complete(token, "ann", "ann", now=now)
    setup.complete(token, "ann", password, now=now)


@pytest.mark.parametrize("token", ["", "setup_", "setup_" + "0" * 32, "x" * 10_000, "setup_" + "\u00e9" * 32])
def test_other_tokens_are_refused(now: datetime, password: str, token: str) -> None:
    _token(now)
    with pytest.raises(InvalidSetupToken):
        setup.complete(token, "ann", password, now=now)
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_token_that_is_printed_while_another_is_used_makes_no_second_administrator(
    now: datetime, password: str
) -> None:
    refusals: list[SetupError] = []

    def come_second() -> None:
        try:
            setup.complete(_token(now), "bob", password, now=now)
        except SetupError as error:
            refusals.append(error)
        finally:
            connection.close()

    rival = threading.Thread(target=come_second)
    token = _token(now)
    with transaction.atomic():
        setup.complete(token, "ann", password, now=now)
        rival.start()
        rival.join(0.5)
    rival.join()
    assert [type(error) for error in refusals] == [AlreadySetUp]
    assert User.objects.count() == 1
