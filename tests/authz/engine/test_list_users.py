"""Lists of users beyond what random models have: many users, and how much may be held of them."""

from __future__ import annotations

import tracemalloc

import pytest

from authz.dsl import parse
from authz.engine import network
from authz.engine.list_users import list_users
from authz.engine.memory import MemoryTuples
from authz.errors import ResolutionTooComplex
from authz.types import ListUsersRequest, TupleKey

MODEL = parse(
    """model
  schema 1.1
type user
type group
  relations
    define member: [user, user:*, group#member]
type doc
  relations
    define viewer: [user, group#member]
    define blocked: [user]
    define can_view: viewer but not blocked
"""
)
ASKED = ListUsersRequest("doc:1", "can_view", "user")


def crowd(groups: int, members: int) -> list[TupleKey]:
    """Groups that all see one document, each with members of its own."""
    found = [TupleKey(f"group:{number}#member", "viewer", "doc:1") for number in range(groups)]
    found += [TupleKey(f"user:{n}.{m}", "member", f"group:{n}") for n in range(groups) for m in range(members)]
    return found


def test_many_users_are_listed_in_little_memory() -> None:
    reader = MemoryTuples([*crowd(400, 100), TupleKey("user:7.7", "blocked", "doc:1")])
    tracemalloc.start()
    try:
        found = list_users(MODEL, reader, ASKED)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(set(found)) == len(found) == 400 * 100 - 1
    assert found == sorted(found)
    assert "user:7.7" not in found
    assert peak < 40 * 2**20


def test_everybody_is_listed_with_those_who_are_named_and_without_those_who_are_taken_out() -> None:
    stored = [*crowd(3, 3), TupleKey("user:*", "member", "group:1"), TupleKey("user:0.0", "blocked", "doc:1")]
    assert list_users(MODEL, MemoryTuples(stored), ASKED) == [
        "user:*",
        *(f"user:{group}.{member}" for group in range(3) for member in range(3) if group or member),
    ]


def test_too_many_users_of_too_many_relations_are_an_error_and_no_shorter_list(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = MemoryTuples(crowd(20, 20))
    # Twenty groups, the document, its two relations, and everybody's bit beside those of 400 users.
    monkeypatch.setattr(network, "BIT_LIMIT", 23 * 401)
    assert len(list_users(MODEL, reader, ASKED)) == 400
    monkeypatch.setattr(network, "BIT_LIMIT", 23 * 401 - 1)
    with pytest.raises(ResolutionTooComplex, match="users"):
        list_users(MODEL, reader, ASKED)
