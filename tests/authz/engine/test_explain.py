"""An explanation agrees with check, a proof holds by its own tuples, and a missing grant turns a denial."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from authz.dsl import parse
from authz.dsl.model import AuthorizationModel
from authz.engine.check import check
from authz.engine.explain import Explanation, Proof, Step, explain
from authz.engine.memory import MemoryTuples
from authz.engine.reader import Found, SubjectQuery
from authz.errors import (
    ConditionFailed,
    InvalidRequest,
    MissingContext,
    ResolutionTooComplex,
    UnknownRelation,
    UnknownType,
)
from authz.testing.contract import key
from authz.testing.proofs import tuples_of
from authz.types import CheckRequest, RelationshipCondition, TupleKey
from tests.authz.engine.random_models import SUBJECTS, USERS, World, askable, worlds

SIZE = 20 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 1
examples = settings(
    max_examples=25 * SIZE,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@examples
@given(worlds())
def test_explanations_of_random_models(world: World) -> None:
    for context in world.contexts:
        for user in SUBJECTS if context is world.contexts[0] else USERS:
            for relation, name in askable(world.model):
                explains(world, CheckRequest(user, relation, name, context=context))


def explains(world: World, request: CheckRequest) -> None:
    model, reader = world.model, MemoryTuples(world.tuples)
    try:
        allowed = check(model, reader, request)
    except ConditionFailed:
        with pytest.raises(ConditionFailed):
            explain(model, reader, request)
        return
    found = explain(model, reader, request)
    assert found.allowed == allowed, request
    if allowed:
        require_proof(world, found, request)
    for grants in found.missing:
        assert not set(grants) & set(world.tuples)
        assert check(model, reader, replace(request, contextual_tuples=grants)), (request, grants)
    for block in found.blocks:
        assert block[0].holds
        assert set(tuples_of(block)) <= set(world.tuples)
    assert {unmet.tuple for unmet in found.unmet} <= set(world.tuples)


def require_proof(world: World, found: Explanation, request: CheckRequest) -> None:
    first = found.proof[0]
    assert (first.object, first.relation, first.holds) == (request.object, request.relation, True)
    used = tuples_of(found.proof)
    assert set(used) <= set(world.tuples)
    assert check(world.model, MemoryTuples(used), request), (request, used)
    for reason in (reason for step in found.proof for reason in step.reasons):
        assert (reason.values is not None) == (reason.tuple is not None and reason.tuple.condition is not None)


FOLDERS = """
model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define ancestor: [folder]
    define viewer: [user, user:*, group#member, user with until]
    define trusted: [user]
    define blocked: [user, group#member]
    define denied: (blocked but not trusted) or blocked from ancestor
    define views: viewer or viewer from ancestor
    define signed: [user]
    define can_view: views but not denied
    define can_sign: views and signed
condition until(now: timestamp, end: timestamp) { now < end }
"""
MODEL = parse(FOLDERS)


def explained(question: str, *tuples: str | TupleKey, **context: Any) -> Explanation:
    keys = [key(each) if isinstance(each, str) else each for each in tuples]
    user, relation, name = question.split()
    return explain(MODEL, MemoryTuples(keys), CheckRequest(user, relation, name, context=context))


def told(proof: Proof) -> list[str]:
    """A proof, one line for each step."""
    lines = []
    for place, step in enumerate(proof):
        reasons = [
            " ".join(
                [
                    *([f"({each.tuple.user} {each.tuple.relation} {each.tuple.object})"] if each.tuple else []),
                    *([f"> {each.step}"] if each.step is not None else []),
                ]
            )
            for each in step.reasons
        ]
        lines.append(
            f"{place}: {'' if step.holds else 'not '}{step.object}#{step.relation} {' + '.join(reasons)}".strip()
        )
    return lines


def test_a_proof_is_the_chain_of_tuples_and_nothing_more() -> None:
    found = explained(
        "user:ann can_view folder:c",
        "folder:a ancestor folder:c",
        "folder:b ancestor folder:c",
        "group:x#member viewer folder:a",
        "group:y#member member group:x",
        "user:ann member group:y",
        "user:bob viewer folder:c",
        "user:ann signed folder:c",
    )
    assert told(found.proof) == [
        "0: folder:c#can_view > 1 + > 5",
        "1: folder:c#views (folder:a ancestor folder:c) > 2",
        "2: folder:a#viewer (group:x#member viewer folder:a) > 3",
        "3: group:x#member (group:y#member member group:x) > 4",
        "4: group:y#member (user:ann member group:y)",
        "5: not folder:c#denied",
    ]


def test_why_an_exclusion_does_not_apply_is_told() -> None:
    found = explained(
        "user:ann can_view folder:c", "user:* viewer folder:c", "user:ann blocked folder:c", "user:ann trusted folder:c"
    )
    assert told(found.proof) == [
        "0: folder:c#can_view > 1 + > 3",
        "1: folder:c#views > 2",
        "2: folder:c#viewer (user:* viewer folder:c)",
        "3: not folder:c#denied > 4",
        "4: folder:c#trusted (user:ann trusted folder:c)",
    ]


def test_what_was_taken_away_is_proved_and_no_grant_helps() -> None:
    found = explained(
        "user:ann can_view folder:c",
        "user:ann viewer folder:c",
        "folder:a ancestor folder:c",
        "group:x#member blocked folder:a",
        "user:ann member group:x",
    )
    assert not found.allowed
    assert found.missing == ()
    (block,) = found.blocks
    assert told(block) == [
        "0: folder:c#denied (folder:a ancestor folder:c) > 1",
        "1: folder:a#blocked (group:x#member blocked folder:a) > 2",
        "2: group:x#member (user:ann member group:x)",
    ]


def test_the_nearest_grants_come_first_and_each_is_enough() -> None:
    found = explained("user:ann can_view folder:c", "folder:a ancestor folder:c", "group:x#member viewer folder:a")
    assert found.missing == (
        (key("user:ann viewer folder:c"),),
        (key("user:ann viewer folder:a"),),
        (key("user:ann member group:x"),),
    )


def test_where_one_grant_is_not_enough_several_are_named_together() -> None:
    found = explained("user:ann can_sign folder:c")
    assert [set(each) for each in found.missing] == [{key("user:ann viewer folder:c"), key("user:ann signed folder:c")}]
    assert explained("user:ann can_sign folder:c", "user:ann signed folder:c").missing == (
        (key("user:ann viewer folder:c"),),
    )


def until(end: str) -> TupleKey:
    return replace(key("user:ann viewer folder:c"), condition=RelationshipCondition("until", {"end": end}))


def test_a_condition_is_told_with_the_values_it_was_judged_by() -> None:
    tuple_ = until("2026-02-01T00:00:00Z")
    now = "2026-01-01T00:00:00Z"
    found = explained("user:ann can_view folder:c", tuple_, now=now)
    (reason,) = found.proof[2].reasons
    assert reason.tuple == tuple_
    assert reason.values == {"now": now, "end": "2026-02-01T00:00:00Z"}
    late = "2026-03-01T00:00:00Z"
    (unmet,) = explained("user:ann can_view folder:c", tuple_, now=late).unmet
    assert (unmet.tuple, unmet.values) == (tuple_, {"now": late, "end": "2026-02-01T00:00:00Z"})
    with pytest.raises(MissingContext):
        explained("user:ann can_view folder:c", tuple_)


def test_a_grant_that_cannot_be_written_is_told_instead_of_being_advised() -> None:
    """What the model does not allow (any more) stands in its place, and counts for nothing until it is deleted."""
    orphan = replace(until("2999-01-01T00:00:00Z"), condition=RelationshipCondition("long_gone", {"plan": "pro"}))
    found = explained("user:ann can_view folder:c", orphan, "folder:a ancestor folder:c")
    assert found.missing == ((key("user:ann viewer folder:a"),),)
    assert [(each.tuple, each.values) for each in found.unmet] == [(orphan, {})]
    assert found.unmet[0].tuple.condition == orphan.condition
    several = explained("user:ann can_sign folder:c", orphan)
    assert several.missing == ()
    assert [each.tuple for each in several.unmet] == [orphan]


def test_a_userset_that_asks_about_itself_needs_no_tuple() -> None:
    found = explained("group:x#member member group:x")
    assert found.proof == (Step("group:x", "member", True, ()),)


def test_a_very_deep_chain_is_no_recursion() -> None:
    chain = [f"group:{number + 1}#member member group:{number}" for number in range(150)]
    found = explained(
        "user:ann can_view folder:c", "group:0#member viewer folder:c", "user:ann member group:150", *chain
    )
    assert len(tuples_of(found.proof)) == 152
    with pytest.raises(ResolutionTooComplex):
        explained("user:ann member group:0", *(f"group:{n + 1}#member member group:{n}" for n in range(300)))


class ChangingTuples(MemoryTuples):
    """Tuples of which another writer takes one away, or adds one, as soon as it was read (or was not found)."""

    def __init__(self, tuples: list[TupleKey], other: TupleKey) -> None:
        super().__init__(tuples)
        self.other = other
        self.write = self.discard if other in tuples else self.add

    def subjects(self, queries: Sequence[SubjectQuery]) -> list[list[Found]]:
        found = super().subjects(queries)
        if any((query.object, query.relation) == (self.other.object, self.other.relation) for query in queries):
            self.write(self.other)
        return found


@pytest.mark.parametrize("allowed", [True, False])
def test_an_answer_and_its_reasons_are_of_one_moment(allowed: bool) -> None:
    other = key("user:ann viewer folder:a")
    stored = [key("folder:a ancestor folder:c"), *([other] if allowed else [])]
    found = explain(MODEL, ChangingTuples(stored, other), CheckRequest("user:ann", "can_view", "folder:c"))
    assert found.allowed is allowed
    assert set(tuples_of(found.proof)) == (set(stored) if allowed else set())
    assert ((other,) in found.missing) is not allowed


def test_what_the_model_does_not_know_is_refused_as_by_check() -> None:
    with pytest.raises(UnknownRelation):
        explained("user:ann can_fly folder:c")
    with pytest.raises(UnknownType):
        explained("planet:ann can_view folder:c")
    for question in ("user:ann can_view folder", "ann can_view folder:c", "user:ann can_view folder:*"):
        with pytest.raises(InvalidRequest):
            explained(question)


LADDER = 250
"""Steps, each of which asks for the one before and one of two relations of its own, told in two ways."""


def ladder() -> AuthorizationModel:
    own = [f"    define {side}{step}: [user]" for step in range(LADDER) for side in "ab"]
    steps = [
        f"    define r{step}: (r{step - 1} and (a{step} or b{step})) or (r{step - 1} and (b{step} or a{step}))"
        for step in range(1, LADDER)
    ]
    lines = ["model", "  schema 1.1", "type user", "type d", "  relations", *own, "    define r0: a0 or b0", *steps]
    return parse("\n".join(lines) + "\n")


@pytest.mark.parametrize("held", [LADDER, LADDER // 2])
def test_what_hangs_together_in_many_ways_is_explained_soon(held: int) -> None:
    """Each step of the ladder can be left out in one way and not in the other; of a denial no single grant helps."""
    model = ladder()
    stored = MemoryTuples([TupleKey("user:u", f"a{step}", "d:x") for step in range(held)])
    start = time.process_time()
    found = explain(model, stored, CheckRequest("user:u", f"r{LADDER - 1}", "d:x"))
    assert time.process_time() - start < 3
    assert found.allowed is (held == LADDER)
    if found.allowed:
        assert len({reason.tuple for step in found.proof for reason in step.reasons if reason.tuple}) == LADDER
    else:
        assert [len(grants) for grants in found.missing] == [LADDER - held]
