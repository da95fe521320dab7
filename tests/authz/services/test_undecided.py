"""The log names the relationship that could not be judged, once a minute."""

from __future__ import annotations

import pytest
from django.utils import timezone

from authz.clients.embedded import EmbeddedClient
from authz.dsl import parse
from authz.errors import MissingContext
from authz.services import undecided
from authz.services.throttle import Throttle
from authz.types import CheckRequest, RelationshipCondition, TupleKey

MODEL = """model
  schema 1.1
type user
type thing
  relations
    define held: [user:* with until]
condition until(current_time: timestamp, end: timestamp) {
  current_time < end
}
"""


@pytest.mark.django_db
def test_the_relationship_is_named_once_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undecided, "LINES", Throttle(60.0))
    client = EmbeddedClient(parse(MODEL), clock=timezone.now)
    client.write(writes=[TupleKey("user:*", "held", "thing:t", RelationshipCondition("until"))])
    for _ in range(3):
        with pytest.raises(MissingContext) as raised:
            client.check(CheckRequest("user:ann", "held", "thing:t"))
        undecided.tell(raised.value)
    assert len(caplog.messages) == 1
    assert caplog.messages[0].endswith(
        "(CONDITION_CONTEXT_MISSING): condition 'until' lacks current_time, end, of user:* as held of thing:t"
    )
