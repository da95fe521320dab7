"""What questions tell conditions: the time, read once in a request, and nothing where no condition could read it."""

from __future__ import annotations

import time
from datetime import datetime

import pytest
from django.utils import timezone

from authz.clients.embedded import EmbeddedClient
from authz.dsl import parse
from authz.services import client, decisions, relationships
from authz.services.active_model import LoadedModel
from authz.services.circumstances import CURRENT_TIME, circumstances
from authz.services.shipped_model import shipped_model
from authz.types import CheckRequest, RelationshipCondition, TupleKey

MODEL = parse(
    """model
  schema 1.1
type user
type thing
  relations
    define held: [user with not_expired]
condition not_expired(current_time: timestamp, expires_at: timestamp) {
  current_time < expires_at
}
"""
)


@pytest.fixture
def conditional(monkeypatch: pytest.MonkeyPatch) -> EmbeddedClient:
    model = LoadedModel("", MODEL)
    monkeypatch.setattr(client, "active", lambda: model)
    made = client.configured_client()
    assert isinstance(made, EmbeddedClient)
    return made


def test_one_time_for_a_request(conditional: EmbeddedClient) -> None:
    with client.moment():
        first = circumstances(conditional)
        with client.moment():
            time.sleep(0.002)
            assert circumstances(conditional) is first
    later = circumstances(conditional)
    told, again = (datetime.fromisoformat(each[CURRENT_TIME]) for each in (first, later))
    assert told < again
    assert told.utcoffset() is not None


def test_a_model_without_conditions_is_told_nothing() -> None:
    plain = EmbeddedClient(shipped_model(), clock=timezone.now)
    assert circumstances(plain) == {}


@pytest.mark.django_db
def test_a_whole_check_tells_the_time(conditional: EmbeddedClient) -> None:
    ends = {"past": "2020-01-01T00:00:00Z", "future": "2999-01-01T00:00:00Z"}
    relationships.write(
        writes=[
            TupleKey("user:a", "held", f"thing:{name}", RelationshipCondition("not_expired", {"expires_at": end}))
            for name, end in ends.items()
        ]
    )
    asked = [CheckRequest("user:a", "held", f"thing:{name}") for name in ends]
    assert decisions.batch_check(asked) == [False, True]
    # What a question brings itself goes before.
    early = CheckRequest("user:a", "held", "thing:past", context={CURRENT_TIME: "2019-01-01T00:00:00Z"})
    assert decisions.check(early) is True
