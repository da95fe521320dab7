"""What can matter to a question is enough to ask it: on random models, with and without contextual tuples."""

from __future__ import annotations

import pytest
from hypothesis import given

from authz.dsl.model import AuthorizationModel
from authz.engine.check import check
from authz.engine.memory import MemoryTuples
from authz.engine.neighbourhood import neighbourhood
from authz.errors import InvalidTuple, ResolutionTooComplex, UnknownRelation
from authz.testing.contract import CONTRACT_MODEL, key
from authz.types import CheckRequest, TupleKey
from tests.authz.engine.small_models import SUBJECTS, World, askable, worlds
from tests.authz.engine.test_properties import examples


def asked_elsewhere(model: AuthorizationModel, stored: list[TupleKey], request: CheckRequest) -> bool:
    """The answer where nothing else is stored."""
    found = neighbourhood(model, MemoryTuples(stored), request, limit=1000)
    return check(model, MemoryTuples(found), CheckRequest(request.user, request.relation, request.object))


@examples
@given(worlds())
def test_the_answer_is_the_same_elsewhere(world: World) -> None:
    model, tuples = world
    for user in SUBJECTS:
        for relation, name in askable(model):
            for stored, context in ((tuples, ()), (tuples[::2], tuple(tuples[1::2]))):
                request = CheckRequest(user, relation, name, context)
                assert asked_elsewhere(model, stored, request) == check(model, MemoryTuples(stored), request), request


def test_others_are_left_out_and_what_leads_on_is_not() -> None:
    there = ["group:g#member reader book:1", "user:ann member group:g", "user:* reader book:1", "shelf:s shelf book:1"]
    there += ["group:g#member keeper shelf:s", "shelf:t holder shelf:s"]
    elsewhere = [
        "user:bob reader book:1",
        "user:bob member group:g",
        "user:ann reader book:2",
        "user:ann member group:h",
    ]
    stored = MemoryTuples(map(key, there + elsewhere))
    found = neighbourhood(CONTRACT_MODEL, stored, CheckRequest("user:ann", "can_read", "book:1"), limit=10)
    assert set(found) == set(map(key, there))


def test_there_is_a_limit_and_questions_are_judged() -> None:
    stored = MemoryTuples(key(f"group:g{number}#member reader book:1") for number in range(11))
    request = CheckRequest("user:ann", "can_read", "book:1")
    assert len(neighbourhood(CONTRACT_MODEL, stored, request, limit=11)) == 11
    with pytest.raises(ResolutionTooComplex):
        neighbourhood(CONTRACT_MODEL, stored, request, limit=10)
    with pytest.raises(UnknownRelation):
        neighbourhood(CONTRACT_MODEL, stored, CheckRequest("user:ann", "can_burn", "book:1"), limit=10)
    implied = CheckRequest("user:ann", "can_read", "book:1", (key("user:ann can_read book:1"),))
    with pytest.raises(InvalidTuple):
        neighbourhood(CONTRACT_MODEL, stored, implied, limit=10)
