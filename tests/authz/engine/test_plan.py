"""Plans: what the shipped model becomes, what cannot be split, and how a plan is evaluated."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from authz.dsl import parse
from authz.engine.evaluation import Evaluation
from authz.engine.plan import (
    NEVER,
    AnyOf,
    Except,
    Fixpoint,
    Grants,
    PlanCompiler,
    Via,
    edges_of,
    grants_of,
)
from authz.errors import UnknownRelation, UnplannableRelation

HEAD = """model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type drive
  relations
    define owner: [user, group#member]
type file
  relations
    define drive: [drive]
    define parent: [file]
    define owner: [user, group#member]
    define viewer: [user] or owner
    define blocked: [user]
"""
STRUCTURAL = {("file", "drive"), ("file", "parent")}


def model(*lines: str, groups: str = "") -> object:
    return parse(
        HEAD.replace("type drive\n", groups + "type drive\n") + "".join(f"    define {line}\n" for line in lines)
    )


def plan(line: str, *more: str) -> object:
    return PlanCompiler(model(line, *more), STRUCTURAL).relation("file", line.partition(":")[0])  # type: ignore[arg-type]


def test_grants_of_one_object_become_one_set() -> None:
    assert plan("asked: viewer or owner") == Grants("file", frozenset({"viewer", "owner"}))


def test_a_structural_edge_leads_to_the_plan_of_the_other_side() -> None:
    found = plan("asked: (viewer or owner from drive) but not blocked")
    over = Via(("file", "drive"), (("drive", Grants("drive", frozenset({"owner"}))),))
    base = AnyOf((Grants("file", frozenset({"viewer", "owner"})), over))
    assert found == Except(base, Grants("file", frozenset({"blocked"})))
    assert grants_of(found) == {("file", "viewer"), ("file", "owner"), ("file", "blocked"), ("drive", "owner")}
    assert edges_of(found) == {("file", "drive")}


def test_nobody() -> None:
    same, nobody = "same: owner", "nobody: same but not owner"
    assert plan("asked: owner but not same", same) == NEVER
    assert plan("asked: owner and nobody", same, nobody) == NEVER
    assert plan("asked: owner but not nobody", same, nobody) == Grants("file", frozenset({"owner"}))


OWNER = Grants("file", frozenset({"owner"}))
BLOCKED = Grants("file", frozenset({"blocked"}))


def test_recursion_along_an_edge_is_a_fixpoint() -> None:
    found = plan("asked: owner or asked from parent")
    assert found == Fixpoint("file#asked", "file", OWNER, ("file", "parent"))
    assert grants_of(found) == {("file", "owner")}
    assert edges_of(found) == {("file", "parent")}


def test_what_stands_in_the_way_of_a_recursion_is_asked_at_each_step() -> None:
    found = plan("asked: (owner or asked from parent) but not blocked")
    base = Except(OWNER, BLOCKED)
    assert found == Fixpoint("file#asked", "file", base, ("file", "parent"), refuse=(BLOCKED,))
    found = plan("asked: owner or more", "more: viewer and passed", "passed: asked from parent")
    viewer = Grants("file", frozenset({"viewer", "owner"}))
    assert found == Fixpoint("file#asked", "file", OWNER, ("file", "parent"), require=(viewer,))


def test_recursions_along_one_edge_are_one_walk() -> None:
    found = plan("asked: edits or viewer or asked from parent", "edits: owner or edits from parent")
    assert isinstance(found, Fixpoint)
    assert found.base == Grants("file", frozenset({"viewer", "owner"}))


@pytest.mark.parametrize(
    "lines",
    [
        ("asked: owner but not denied", "denied: blocked or asked from parent"),
        ("asked: owner or both", "both: more and again", "more: asked from parent", "again: asked from drives"),
        ("asked: owner or again", "again: more from parent", "more: viewer or asked from drives"),
        ("asked: owner or asked from parent or asked from drives",),
    ],
)
def test_recursion_in_any_other_way_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(UnplannableRelation, match="recurses"):
        plan(*lines, "drives: [file]")


def test_recursion_along_stored_tuples_is_refused_behind_but_not() -> None:
    """There may be a ring of them, which is a "no" to the engine."""
    recursive = "denied: blocked or denied from stored"
    assert isinstance(plan(recursive, "stored: [file]"), Fixpoint)
    with pytest.raises(UnplannableRelation, match="but not"):
        plan("asked: owner but not denied", recursive, "stored: [file]")


def ladder(last: str) -> list[str]:
    """Definitions of which each leads to the next in two ways."""
    steps = [f"{way}{step}: a{step + 1} {word} b{step + 1}" for step in range(40) for way, word in STEPS.items()]
    return [*steps, f"a40: {last}", f"b40: {last}"]


STEPS = {"a": "or", "b": "but not"}


@pytest.mark.parametrize(
    "lines",
    [
        ["asked: r0", *(f"r{number}: r{number + 1}" for number in range(3000)), "r3000: [user]"],
        ["asked: r0", *(f"r{number}: r{number + 1} but not blocked" for number in range(300)), "r300: [user]"],
        ["asked: a0", *ladder("[user]")],
        ["asked: a0 or viewer", *ladder("[user] or asked from parent")],
    ],
)
def test_what_would_be_too_large_is_refused_and_does_not_take_long(lines: Sequence[str]) -> None:
    start = time.process_time()
    with pytest.raises(UnplannableRelation, match="too"):
        plan(*lines)
    assert time.process_time() - start < 5


def test_a_userset_tied_to_the_tree_is_refused() -> None:
    with pytest.raises(UnplannableRelation, match="structural"):
        plan("asked: [user, file#tied]", "tied: owner from drive")


def test_groups_on_a_cycle_of_two_relations_are_refused() -> None:
    groups = "type team\n  relations\n    define member: [user, crew#member]\n"
    groups += "type crew\n  relations\n    define member: [user, team#member]\n"
    found = model("asked: [team#member]", groups=groups)
    with pytest.raises(UnplannableRelation, match="itself"):
        PlanCompiler(found, STRUCTURAL).relation("file", "asked")  # type: ignore[arg-type]


def test_unknown() -> None:
    with pytest.raises(UnknownRelation):
        PlanCompiler(model(), STRUCTURAL).relation("file", "asked")  # type: ignore[arg-type]


def test_evaluate() -> None:
    asked = plan("asked: (viewer or owner from drive) but not blocked")
    edges = {("file:1", "drive"): ["drive:d"], ("file:2", "drive"): ["drive:e"]}
    granted = {("drive:d", "owner"), ("file:2", "viewer"), ("file:3", "viewer"), ("file:3", "blocked")}
    found = [Evaluation(granted, edges).satisfies(f"file:{number}", asked) for number in (1, 2, 3, 4)]  # type: ignore[arg-type]
    assert found == [True, True, False, False]
