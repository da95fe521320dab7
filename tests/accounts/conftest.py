from datetime import UTC, datetime

import pytest

from accounts.models import User
from accounts.services import setup

PASSWORD = "correct horse battery"


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def password() -> str:
    return PASSWORD


@pytest.fixture
def administrator(db: None, now: datetime) -> User:
    token = setup.issue_token(now=now)
    assert token is not None
    return setup.complete(token, "root", PASSWORD, now=now).user
