"""Plans: what the shipped model becomes, what cannot be split, and how a plan is evaluated."""

from __future__ import annotations

import pytest

from authz.dsl import parse
from authz.engine.plan import (
    NEVER,
    AnyOf,
    Evaluation,
    Except,
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


def test_recursion_along_rows_is_refused() -> None:
    with pytest.raises(UnplannableRelation, match="recurses"):
        plan("asked: owner or asked from parent")


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
