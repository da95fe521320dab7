"""Whom something is shared with. That the server agrees is tried in ``tests/e2e/test_sharing_commands.py``."""

from __future__ import annotations

import pytest

from filegraph.client.errors import UsageFault
from filegraph.client.graphql_client import Json
from filegraph.client.subjects import is_many, is_of, name_of, parse_subject

ADA: Json = {"__typename": "User", "username": "Ada"}
TEAM: Json = {"__typename": "Group", "name": "Design team"}
ALL: Json = {"__typename": "Everyone", "audience": "SIGNED_IN"}
VISITORS: Json = {"__typename": "Everyone", "audience": "ANYONE"}


@pytest.mark.parametrize("subject", [ADA, TEAM, ALL, VISITORS])
def test_what_is_shown_can_be_typed_again(subject: Json) -> None:
    assert is_of(subject, parse_subject(name_of(subject)))


@pytest.mark.parametrize(
    ("subject", "typed"),
    [(ADA, "ada"), (ADA, "user:ADA"), (TEAM, "group: design TEAM"), (ALL, "anyone"), (VISITORS, "everyone")],
)
def test_one_subject_has_several_names(subject: Json, typed: str) -> None:
    assert is_of(subject, parse_subject(typed))


@pytest.mark.parametrize(
    ("subject", "typed"),
    [(ADA, "adam"), (ADA, "group:ada"), (TEAM, "Design team"), (ALL, "ada"), (ADA, "everyone"), (None, "ada")],
)
def test_others_are_others(subject: Json | None, typed: str) -> None:
    assert not is_of(subject, parse_subject(typed))


def test_who_is_more_than_one() -> None:
    assert [is_many(subject) for subject in (ADA, TEAM, ALL, VISITORS, None)] == [False, True, True, True, False]


@pytest.mark.parametrize("typed", ["", "group:", "robot:x"])
def test_nobody(typed: str) -> None:
    with pytest.raises(UsageFault):
        parse_subject(typed)
