"""Random models and questions, answered by OpenFGA's own engine (the ``fga`` tool, offline) and by ours.

A difference is shrunk and told as a store file. The figures are printed: ``pytest -s`` shows them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings

from authz.dsl import parse
from authz.storefile.results import Kind
from authz.storefile.run import run_store_file
from authz.types import RelationshipCondition, TupleKey
from tests.authz.engine.differential import Answer, Count, Question, compare, judged, replay
from tests.authz.engine.random_models import World, worlds
from tests.components import fga

FULL = os.environ.get("FILEGRAPH_TEST_SIZE") == "full"
PARTS = 4
"""Tests that the models are shared out to, so that several processors can take them."""
MODELS = 2400 if FULL else 200
EXCUSED = 0.02 if FULL else 0.025
"""Of all decisions, those that may fall under a rule of the judge; among few models one can weigh more."""


@pytest.mark.slow
@pytest.mark.timeout(3 * 3600 if FULL else 900)
@pytest.mark.parametrize("part", range(PARTS))
def test_openfga_says_the_same(tmp_path: Path, part: int) -> None:
    total = Count()

    @seed(part)
    @settings(max_examples=MODELS // PARTS, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(worlds())
    def ask(world: World) -> None:
        contexts = world.contexts if FULL else world.contexts[:1]
        total.add(compare(World(world.model, world.tuples, contexts), tmp_path))

    ask()
    print(f"\n{total}")
    assert total.models >= MODELS // PARTS * 0.9
    assert total.excused.total() < total.decisions.total() * EXCUSED, total


MODEL = parse("""model
  schema 1.1
type user
type bot
type group
  relations
    define member: [user]
type folder
type doc
  relations
    define viewer: [user, user with is_on, user:*]
    define blocked: [user]
    define can_view: viewer but not blocked
condition is_on(flag: bool) {
  flag
}
""")
WORLD = World(
    MODEL,
    [
        TupleKey("user:a", "viewer", "doc:1"),
        TupleKey("user:A", "viewer", "doc:1", RelationshipCondition("is_on")),
        TupleKey("user:a", "blocked", "doc:(b),;'"),
        TupleKey("user:*", "viewer", "doc:(b),;'"),
    ],
    [{"flag": True}],
)
CONTEXT = fga.canonical(WORLD.contexts[0])
OURS: dict[Question, Answer] = {
    (Kind.CHECK, "user:a can_view doc:1", CONTEXT): True,
    (Kind.CHECK, "user:A can_view doc:1", CONTEXT): True,
    (Kind.CHECK, "user:unknown can_view doc:1", CONTEXT): False,
    (Kind.CHECK, "user:a can_view doc:(b),;'", CONTEXT): False,
    (Kind.CHECK, "user:a can_view doc:2", CONTEXT): False,
    (Kind.LIST_OBJECTS, "user:a can_view every doc", CONTEXT): ("doc:1",),
    (Kind.LIST_USERS, "every user can_view doc:1", CONTEXT): ("user:A", "user:a"),
}
WRONG: list[tuple[Question, Answer]] = [
    *((question, wrong) for question, right in OURS.items() if isinstance(right, bool) for wrong in (not right, None)),
    *((question, wrong) for question, right in OURS.items() if isinstance(right, tuple) for wrong in ((), None)),
    ((Kind.LIST_USERS, "every user can_view doc:1", CONTEXT), ("user:*", "user:A", "user:a")),
    ((Kind.LIST_OBJECTS, "user:a can_view every doc", CONTEXT), ("doc:(b),;'", "doc:1")),
]


def test_the_world_below_is_answered_alike(tmp_path: Path) -> None:
    assert compare(WORLD, tmp_path).excused.total() == 0


@pytest.mark.parametrize(("question", "wrong"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_answer_is_found_and_told_as_a_file_that_can_be_replayed(
    tmp_path: Path, question: Question, wrong: Answer
) -> None:
    theirs = {(asked, context): got for (_, asked, context), got in OURS.items()}
    assert judged(WORLD, OURS, theirs)[1] == {}
    _, different = judged(WORLD, {**OURS, question: wrong}, theirs)
    assert different == {question: (OURS[question], wrong)}
    file = tmp_path / "difference.fga.yaml"
    file.write_text(replay(WORLD, different))
    # The file has OpenFGA's answer: its tool passes it, and so does ours that was not wrong in truth.
    code, [assertion], said = fga.run_store_files(file)
    assert (code, assertion.got) == (0, OURS[question]), said
    [result] = run_store_file(file).assertions
    assert result.passed
