"""The actor's side of the shipped model: rules of the recursive query, and what the model alone implies."""

from __future__ import annotations

from authz.engine.subjects import SubjectRule, compile_subjects
from authz.engine.typesystem import typesystem_of
from authz.services.shipped_model import shipped_model

RULES = compile_subjects(typesystem_of(shipped_model()), {("drive", "organization")})


def test_every_userset_of_the_shipped_model_is_a_rule() -> None:
    assert RULES.listed == ()
    assert {f"{rule.type}#{rule.userset}" for rule in RULES.rules} == {
        "group#member",
        "organization#member",
        "role#assignee",
        "share_link#bearer",
    }
    assert SubjectRule("group#member", "organization", "admin", "member") in RULES.rules


def test_a_given_userset_brings_those_that_contain_it() -> None:
    assert RULES.closure("organization:o#admin") == ["organization:o#admin", "organization:o#member"]
    assert RULES.closure("share_link:l#bearer") == ["share_link:l#bearer"]
