"""A model without its conditions is what its text would be; what one allows that cannot decide them is sure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authz.dsl import parse
from authz.dsl.readings import undecidable, without_conditions
from authz.engine.check import check
from authz.engine.memory import MemoryTuples
from authz.errors import MissingContext
from authz.types import CheckRequest, RelationshipCondition, TupleKey
from tests.authz.engine.doubtful_worlds import HEADS, TAILS, World, doubtful_worlds
from tests.authz.engine.random_models import USERS, askable
from tests.authz.engine.test_doubt import answer

MODEL = """model
  schema 1.1

type user

type group
  relations
    define member: [user, group#member with until, user:* with until]

type thing
  relations
    define held: [user with until, group#member]
    define lent: [user with until] or held

condition until(end: timestamp, now: timestamp) {
  now < end
}
"""


def test_entries_under_a_condition_are_gone_and_conditions_too() -> None:
    model = parse(MODEL)
    plain = without_conditions(model)
    assert without_conditions(model) is plain
    assert plain.conditions == {}
    entries = {
        relation.name: [entry.text for entry in relation.restrictions]
        for definition in plain.types.values()
        for relation in definition.relations.values()
    }
    assert entries == {"member": ["user"], "held": ["group#member"], "lent": []}


def test_tuples_under_a_condition_count_for_nothing() -> None:
    plain = without_conditions(parse(MODEL))
    ends = RelationshipCondition("until", {"end": "2999-01-01T00:00:00Z", "now": "2020-01-01T00:00:00Z"})
    lent = TupleKey("user:ann", "lent", "thing:t", ends)
    others = [TupleKey("user:ann", "member", "group:g"), TupleKey("group:g#member", "held", "thing:t")]
    request = CheckRequest("user:ann", "lent", "thing:t")
    assert check(parse(MODEL), MemoryTuples([lent]), request)
    assert not check(plain, MemoryTuples([lent]), request)
    assert check(plain, MemoryTuples([lent, *others]), request)


def test_a_model_without_conditions_is_itself() -> None:
    model = parse(MODEL[: MODEL.index("type thing")].replace(" with until", ""))
    assert without_conditions(model) is model
    assert undecidable(model) is model


def test_what_rests_on_a_condition_is_never_decided() -> None:
    model = parse(MODEL)
    unsure = undecidable(model)
    assert undecidable(model) is unsure
    ends = RelationshipCondition("until", {"end": "2999-01-01T00:00:00Z"})
    lent = MemoryTuples([TupleKey("user:ann", "lent", "thing:t", ends)])
    told = {"now": "2020-01-01T00:00:00Z", "": True}
    assert check(model, lent, CheckRequest("user:ann", "lent", "thing:t", context=told))
    with pytest.raises(MissingContext):
        check(unsure, lent, CheckRequest("user:ann", "lent", "thing:t", context={"now": told["now"]}))
    assert not check(unsure, lent, CheckRequest("user:bob", "lent", "thing:t"))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(doubtful_worlds(), st.data())
def test_what_is_allowed_for_sure_is_allowed_whatever_the_conditions_say(world: World, data: st.DataObject) -> None:
    model, tuples = world
    heads = data.draw(st.lists(st.booleans(), min_size=len(tuples), max_size=len(tuples)))
    turned = [_turned(key, head) for key, head in zip(tuples, heads, strict=True)]
    for user in USERS:
        for relation, name in askable(model):
            request = CheckRequest(user, relation, name)
            if answer(undecidable(model), tuples, request):
                assert answer(model, turned, request), request
                assert answer(without_conditions(model), tuples, request), request


def _turned(key: TupleKey, head: bool) -> TupleKey:
    return replace(key, condition=RelationshipCondition("coin", HEADS if head else TAILS)) if key.condition else key
