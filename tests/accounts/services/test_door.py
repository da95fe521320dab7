from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.errors import InvalidAccessToken
from accounts.models import User
from accounts.principal import VISITOR
from accounts.services import access_tokens, door, sessions
from authz.services import active_model

pytestmark = pytest.mark.django_db


def test_bearer_first_then_cookie_then_nobody(administrator: User, password: str, now: datetime) -> None:
    signed_in = sessions.sign_in("root", password, address="", now=now)
    created = access_tokens.create(signed_in.principal, "laptop", expires_in=60, now=now)
    cookie = f"a=b; filegraph_session={signed_in.session_key}; c"
    assert door.identify({"cookie": cookie}, now=now) == signed_in.principal
    both = {"authorization": f"bearer {created.secret}", "cookie": cookie}
    assert door.identify(both, now=now).access_token_id == created.access_token.pk
    assert door.identify({}, now=now) == VISITOR
    assert door.identify({"cookie": "filegraph_session=absent"}, now=now) == VISITOR


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Bearer x", "Basic cm9vdDpyb290", "x", "Bearer fg_ fg_"])
def test_a_bearer_token_that_is_not_valid_is_never_ignored(value: str, now: datetime) -> None:
    with pytest.raises(InvalidAccessToken):
        door.identify({"authorization": value}, now=now)


def test_whose_request_it_is_and_which_model_answers_it_are_read_together(
    administrator: User, password: str, now: datetime
) -> None:
    signed_in = sessions.sign_in("root", password, address="", now=now)
    secret = access_tokens.create(signed_in.principal, "laptop", expires_in=60, now=now).secret
    active_model.active()
    for headers, statements in (
        ({"authorization": f"Bearer {secret}"}, 1),
        ({"cookie": f"filegraph_session={signed_in.session_key}"}, 2),
    ):
        with active_model.pinned(), CaptureQueriesContext(connection) as queries:
            assert door.identify(headers, now=now).user_id == administrator.pk
            active_model.active()
        assert len(queries) == statements
