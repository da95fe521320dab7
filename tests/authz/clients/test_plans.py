"""What is compiled once is kept, and whoever asks for ever other things fills no memory."""

from __future__ import annotations

import gc
import weakref

import pytest
from django.utils import timezone

from authz.clients.embedded import EmbeddedClient
from authz.testing.contract import CONTRACT_MODEL
from authz.testing.grant_index_contract import GRANT_MODEL, GRANT_STRUCTURE
from authz.types import Asker, CheckRequest

pytestmark = pytest.mark.django_db


def test_the_same_question_is_planned_once() -> None:
    client = EmbeddedClient(GRANT_MODEL, clock=timezone.now, structure=GRANT_STRUCTURE)
    asked = [("book", "can_read"), ("book", "can_copy")]
    assert client.page_plans(frozenset(asked)) is client.page_plans(frozenset(reversed(asked)))
    assert client.followed(frozenset(asked)) is client.followed(frozenset(asked))
    first, second = (client.predicate(Asker(user), "can_read", "book", "n") for user in ("user:ann", "user:bob"))
    assert first.predicate is second.predicate


def test_names_that_somebody_makes_up_are_forgotten() -> None:
    client = EmbeddedClient(CONTRACT_MODEL, clock=timezone.now)
    asked = frozenset({("book", "made_up")})
    seen = weakref.ref(asked)
    client.followed(asked)
    del asked
    gc.collect()
    assert seen() is not None, "what was asked is kept for the next time"
    for number in range(3000):
        with pytest.raises(Exception, match="no relation"):
            client.check(CheckRequest("user:ann", f"made_up_{number}", "book:1"))
    gc.collect()
    assert seen() is None
