"""Lists of objects beyond what random models have: long ones, deep ones, and what is deeper than the limit."""

from __future__ import annotations

import pytest

from authz.dsl import parse
from authz.engine.list_objects import list_objects
from authz.engine.memory import MemoryTuples
from authz.engine.network import LEVEL_LIMIT
from authz.errors import ResolutionTooComplex
from authz.types import ListObjectsRequest, TupleKey

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
    define blocked: [user]
    define can_view: viewer but not blocked
"""
)


def listed(tuples: list[TupleKey], relation: str = "can_view") -> list[str]:
    return list_objects(MODEL, MemoryTuples(tuples), ListObjectsRequest("user:a", relation, "folder"))


@pytest.mark.parametrize("relation", ["viewer", "can_view"])
def test_a_long_list_is_whole(relation: str) -> None:
    shared = [TupleKey("group:g#member", "viewer", f"folder:{number}") for number in range(5000)]
    blocked = [TupleKey("user:a", "blocked", f"folder:{number}") for number in range(0, 5000, 2)]
    found = listed([TupleKey("user:a", "member", "group:g"), *shared, *blocked], relation)
    assert len(found) == (5000 if relation == "viewer" else 2500)
    assert found == sorted(found)


@pytest.mark.parametrize("relation", ["viewer", "can_view"])
def test_a_list_that_leads_too_deep_is_an_error_and_no_shorter_list(relation: str) -> None:
    first = TupleKey("user:a", "viewer", "folder:0")
    chain = [TupleKey(f"folder:{level}", "parent", f"folder:{level + 1}") for level in range(LEVEL_LIMIT - 1)]
    assert len(listed([first, *chain], relation)) == LEVEL_LIMIT
    last = TupleKey(f"folder:{LEVEL_LIMIT - 1}", "parent", f"folder:{LEVEL_LIMIT}")
    with pytest.raises(ResolutionTooComplex, match=str(LEVEL_LIMIT)):
        listed([first, *chain, last], relation)


def test_folders_in_a_ring_come_to_an_end() -> None:
    ring = [TupleKey(f"folder:{number}", "parent", f"folder:{(number + 1) % 7}") for number in range(7)]
    assert listed([*ring, TupleKey("user:*", "viewer", "folder:3")]) == [f"folder:{number}" for number in range(7)]
