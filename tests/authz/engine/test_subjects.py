"""The actor's side of the shipped model: rules of the recursive query, and what the model alone implies."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from authz.dsl import parse
from authz.engine.subjects import SubjectRule, SubjectRules, compile_subjects
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


def rules_of(*definitions: str, asked: str) -> SubjectRules:
    lines = "".join(f"    define {definition}\n" for definition in (*definitions, f"held: [team#{asked}]"))
    head = "model\n  schema 1.1\ntype user\ntype team\n  relations\n    define blocked: [user]\n"
    return compile_subjects(typesystem_of(parse(head + lines)), ())


LADDER = [line for step in range(60) for line in (f"a{step}: a{step + 1} or b{step + 1}", f"b{step}: a{step + 1}")]


@pytest.mark.parametrize(
    ("definitions", "asked", "relations"),
    [
        ([*(f"r{step}: r{step + 1}" for step in range(1500)), "r1500: [user]"], "r0", 1501),
        ([*LADDER, "a60: [user]", "b60: [user]"], "a0", 121),
    ],
)
def test_every_relation_within_another_is_met_once(definitions: Sequence[str], asked: str, relations: int) -> None:
    start = time.process_time()
    found = rules_of(*definitions, asked=asked)
    assert time.process_time() - start < 2
    assert found.listed == ()
    assert len(found.implied) == relations - 1
    assert all(usersets == (asked,) for usersets in found.implied.values())


@pytest.mark.parametrize("member", ["lead but not blocked", "lead from parent", "[user] or (lead and blocked)"])
def test_what_rules_cannot_say_is_listed_however_far_below_it_stands(member: str) -> None:
    lines = ["lead: [user]", "parent: [team]", f"some: {member}", "more: [user] or some", "most: more"]
    assert rules_of(*lines, asked="most") == SubjectRules((), ("team#most",), {})
