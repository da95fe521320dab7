"""Which edges a question follows: of its own objects, beyond them, and where a stored tuple leads away."""

from __future__ import annotations

import pytest

from authz.dsl import parse
from authz.engine.followed import Followed, followed, known
from authz.engine.typesystem import typesystem_of

TYPES = typesystem_of(
    parse(
        """model
  schema 1.1
type user
type organization
  relations
    define admin: [user]
type drive
  relations
    define organization: [organization]
    define owner: [user] or admin from organization
type folder
  relations
    define parent: [folder, drive]
    define ancestor: [folder]
    define shortcut: [folder]
    define viewer: [user, folder#sees]
    define sees: [user] or owner from parent
    define plain: [user]
    define flat: plain or plain from ancestor
    define deep: plain or deep from parent
    define owner: [user] or owner from parent
    define linked: plain from shortcut
    define away: flat from shortcut
"""
    )
)
STRUCTURAL = {("drive", "organization"), ("folder", "parent"), ("folder", "ancestor"), ("file", "drive")}


def of(relation: str) -> Followed:
    return followed(TYPES, STRUCTURAL, [("folder", relation)])


def test_a_flat_relation_follows_its_own_edges_alone() -> None:
    assert of("flat") == Followed(frozenset({("folder", "ancestor", "folder")}), frozenset(), elsewhere=False)
    assert of("plain") == Followed(frozenset(), frozenset(), elsewhere=False)


def test_a_recursive_relation_follows_the_edges_of_what_it_comes_to() -> None:
    up = {("folder", "parent", "folder")}
    assert of("deep") == Followed(frozenset(up), frozenset(up), elsewhere=False)
    up |= {("folder", "parent", "drive")}
    beyond = up | {("drive", "organization", "organization")}
    assert of("owner") == Followed(frozenset(up), frozenset(beyond), elsewhere=False)


@pytest.mark.parametrize(("relation", "elsewhere"), [("viewer", True), ("away", True), ("linked", False)])
def test_a_stored_tuple_may_lead_anywhere(relation: str, elsewhere: bool) -> None:
    assert of(relation).elsewhere is elsewhere


def test_what_the_model_does_not_have_follows_nothing() -> None:
    nothing = Followed(frozenset(), frozenset(), elsewhere=False)
    assert followed(TYPES, STRUCTURAL, [("folder", "unheard_of"), ("file", "flat")]) == nothing


def test_any_question() -> None:
    found = known(TYPES, STRUCTURAL)
    assert found.own == found.beyond
    assert ("folder", "ancestor", "folder") in found.own
    assert not any(type_name == "file" for type_name, _, _ in found.own)
