"""Check: depth, limits, reads, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from authz.dsl import parse
from authz.dsl.model import (
    AuthorizationModel,
    Computed,
    Difference,
    Direct,
    Relation,
    TypeDefinition,
    TypeRestriction,
)
from authz.engine.check import batch_check, check
from authz.engine.memory import MemoryTuples
from authz.engine.network import LEVEL_LIMIT
from authz.engine.reader import Found, SubjectQuery
from authz.errors import ResolutionTooComplex, UnknownCondition
from authz.types import CheckRequest, RelationshipCondition, TupleKey

MODEL = parse(
    """model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define parent: [folder]
    define viewer: [user, user:*, group#member] or viewer from parent
    define blocked: [user, group#member]
    define can_view: viewer but not blocked
"""
)


class CountingTuples(MemoryTuples):
    """Tuples that remember the batches they were asked for."""

    def __init__(self, tuples: Sequence[TupleKey]) -> None:
        super().__init__(tuples)
        self.batches: list[list[SubjectQuery]] = []

    def subjects(self, queries: Sequence[SubjectQuery]) -> list[list[Found]]:
        self.batches.append(list(queries))
        return super().subjects(queries)


def chain(length: int) -> list[TupleKey]:
    return [TupleKey(f"folder:{level}", "parent", f"folder:{level + 1}") for level in range(length)]


def test_depth_up_to_the_limit() -> None:
    reader = MemoryTuples([*chain(LEVEL_LIMIT + 50), TupleKey("user:a", "viewer", "folder:0")])
    assert check(MODEL, reader, CheckRequest("user:a", "can_view", f"folder:{LEVEL_LIMIT - 1}"))
    assert not check(MODEL, reader, CheckRequest("user:b", "can_view", f"folder:{LEVEL_LIMIT - 1}"))
    with pytest.raises(ResolutionTooComplex, match=str(LEVEL_LIMIT)):
        check(MODEL, reader, CheckRequest("user:b", "can_view", f"folder:{LEVEL_LIMIT + 40}"))


def test_a_decided_branch_reads_no_further() -> None:
    reader = CountingTuples([*chain(50), TupleKey("user:a", "viewer", "folder:50")])
    assert check(MODEL, reader, CheckRequest("user:a", "can_view", "folder:50"))
    assert len(reader.batches) == 1


def test_questions_of_one_batch_share_their_rounds_and_reads() -> None:
    reader = CountingTuples([*chain(10), TupleKey("group:g#member", "viewer", "folder:0")])
    requests = [CheckRequest("user:a", "can_view", f"folder:{level}") for level in range(11)]
    assert batch_check(MODEL, reader, requests) == [False] * 11
    asked = [query for batch in reader.batches for query in batch]
    assert len(asked) == len(set(asked))
    assert len(reader.batches) == 2


def test_the_way_that_a_question_brings_along_is_not_waited_for() -> None:
    reader = CountingTuples([TupleKey("user:a", "viewer", "folder:0"), TupleKey("folder:9", "parent", "folder:5")])
    context = tuple(chain(5))
    questions = [CheckRequest("user:a", "can_view", "folder:5", context)]
    assert batch_check(MODEL, reader, questions) == [True]
    assert len(reader.batches) == 1
    stranger = [CheckRequest("user:b", "can_view", "folder:5", context)]
    assert batch_check(MODEL, reader, stranger) == [False]
    assert len(reader.batches) == 3, "a stored edge is still followed beside those brought along"
    reader.add(TupleKey("user:b", "viewer", "folder:9"))
    assert batch_check(MODEL, reader, stranger) == [True]


def test_a_wide_group_is_read_once_and_not_per_member() -> None:
    wide = [TupleKey(f"group:{number}#member", "viewer", "folder:0") for number in range(3000)]
    reader = CountingTuples([*wide, TupleKey("user:a", "member", "group:2999")])
    assert check(MODEL, reader, CheckRequest("user:a", "can_view", "folder:0"))
    assert [len(batch) for batch in reader.batches] == [3, 3000]


def test_a_condition_that_the_model_does_not_have_counts_for_nothing_where_it_is_stored() -> None:
    condition = RelationshipCondition("soon")
    stored = MemoryTuples([TupleKey("user:a", "viewer", "folder:0", condition)])
    assert not check(MODEL, stored, CheckRequest("user:a", "can_view", "folder:0"))
    brought = (TupleKey("user:a", "viewer", "folder:0", condition),)
    with pytest.raises(UnknownCondition):
        check(MODEL, MemoryTuples(), CheckRequest("user:a", "can_view", "folder:0", brought))


def test_stored_tuples_that_the_model_does_not_allow_count_for_nothing() -> None:
    reader = MemoryTuples([TupleKey("user:*", "blocked", "folder:0"), TupleKey("user:a", "viewer", "folder:0")])
    assert check(MODEL, reader, CheckRequest("user:a", "can_view", "folder:0"))


def test_groups_that_contain_each_other_take_nothing_away() -> None:
    ring = [TupleKey(f"group:{a}#member", "member", f"group:{b}") for a, b in ("12", "23", "31")]
    facts = [TupleKey("group:1#member", "blocked", "folder:0"), TupleKey("user:*", "viewer", "folder:0")]
    reader = MemoryTuples([*ring, *facts, TupleKey("user:b", "member", "group:2")])
    assert check(MODEL, reader, CheckRequest("user:a", "can_view", "folder:0"))
    assert not check(MODEL, reader, CheckRequest("user:b", "can_view", "folder:0"))


def test_any_other_cycle_behind_but_not_is_a_no() -> None:
    """As OpenFGA: what cannot be told is not allowed."""
    model = parse(
        """model
  schema 1.1
type user
type team
  relations
    define member: [user, crew#member]
type crew
  relations
    define member: [user, team#member]
type page
  relations
    define viewer: [user]
    define blocked: [team#member]
    define can_view: viewer but not blocked
"""
    )
    texts = ["team:t#member member crew:c", "crew:c#member member team:t", "team:t#member blocked page:p"]
    texts += ["user:a viewer page:p", "user:a viewer page:q"]
    keys = [TupleKey(user, relation, name) for user, relation, name in map(str.split, texts)]
    reader = MemoryTuples(keys)
    assert not check(model, reader, CheckRequest("user:a", "can_view", "page:p"))
    assert check(model, reader, CheckRequest("user:a", "can_view", "page:q"))
    assert not check(model, reader, CheckRequest("user:a", "member", "team:t"))


def test_relations_that_only_lead_to_each_other_are_a_cycle_for_but_not_too() -> None:
    # No parsed model has them, but an engine that met them must not take "nobody" for an answer.
    only_users = (TypeRestriction("user"),)
    relations = {
        "viewer": Relation("viewer", Computed("blocked")),
        "blocked": Relation("blocked", Computed("viewer")),
        "editor": Relation("editor", Difference(Direct(), Computed("viewer")), only_users),
    }
    model = AuthorizationModel("1.1", {"user": TypeDefinition("user"), "doc": TypeDefinition("doc", relations)})
    tuples = MemoryTuples([TupleKey("user:a", "editor", "doc:1")])
    assert not check(model, tuples, CheckRequest("user:a", "editor", "doc:1"))
