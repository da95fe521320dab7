"""What can matter to a question is enough to ask it: on random models, with and without contextual tuples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given

from authz.engine.check import check
from authz.engine.memory import MemoryTuples
from authz.engine.neighbourhood import neighbourhood
from authz.errors import ConditionFailed, InvalidTuple, ResolutionTooComplex, UnknownRelation
from authz.testing.contract import CONTRACT_MODEL, key
from authz.types import CheckRequest, TupleKey
from tests.authz.engine.random_models import SUBJECTS, World, askable, worlds
from tests.authz.engine.test_properties import examples


def answer(world: World, stored: Iterable[TupleKey], request: CheckRequest) -> bool | None:
    """The answer over ``stored``; None where a condition cannot be decided."""
    try:
        return check(world.model, MemoryTuples(stored), request)
    except ConditionFailed:
        return None


@examples
@given(worlds())
def test_the_answer_is_the_same_elsewhere(world: World) -> None:
    for user in SUBJECTS:
        for relation, name in askable(world.model):
            for stored, contextual in ((world.tuples, ()), (world.tuples[::2], tuple(world.tuples[1::2]))):
                request = CheckRequest(user, relation, name, contextual, world.contexts[0])
                found = neighbourhood(world.model, MemoryTuples(stored), request, limit=1000)
                elsewhere = answer(world, found, replace(request, contextual_tuples=()))
                assert elsewhere == answer(world, stored, request), request


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
