from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from authz.dsl import parse
from authz.dsl.model import AuthorizationModel
from authz.dsl.parser import parse_text
from authz.dsl.printer import to_text
from authz.dsl.validate import validate
from authz.errors import InvalidModel
from tests.authz.dsl.generated import CALLS, plausible_models
from tests.components import fga

HEAD = "model\n  schema 1.1\ntype user\ntype doc\n  relations\n    define owner: [user]\n"
"""Six lines; what a case adds to ``doc`` begins in line 7."""

STRICTER_THAN_A_SERVER = {"duplicated-error", "condition-not-used"}


def problems(text: str) -> list[tuple[str, int, int]]:
    return [(problem.code, problem.line, problem.column) for problem in validate(parse_text(text))]


def relation(line: str) -> list[tuple[str, int, int]]:
    return problems(f"{HEAD}    define {line}\n")


@pytest.mark.parametrize(
    ("line", "code", "column"),
    [
        ("a: ghost", "missing-definition", 15),
        ("a: owner or ghost", "missing-definition", 24),
        ("a: owner but not (owner and ghost)", "missing-definition", 40),
        ("a: [ghost]", "invalid-type", 16),
        ("a: [user, ghost:*]", "invalid-type", 22),
        ("a: [user, doc#ghost]", "invalid-relation-type", 22),
        ("a: [user, user#owner]", "invalid-relation-type", 22),
        ("a: [user with late]", "condition-not-defined", 26),
        ("a: owner from ghost", "invalid-relation-type", 15),
        ("a: ghost from p\n    define p: [user, doc]", "invalid-relation-on-tupleset", 15),
        ("a: owner from p\n    define p: owner", "tupleuserset-not-direct", 26),
        ("a: owner from p\n    define p: [doc] or owner", "tupleuserset-not-direct", 26),
        ("a: owner from p\n    define p: [doc, doc:*]", "tupleuserset-not-direct", 26),
        ("a: owner from p\n    define p: [doc, doc#p]", "tupleuserset-not-direct", 26),
        ("a: [user, doc, user]", "duplicated-error", 16),
        ("a: [user, doc#a, user:*, doc#a]", "duplicated-error", 22),
        ("a: owner or owner", "duplicated-error", 15),
        ("a: [user] and owner and owner", "duplicated-error", 26),
        ("a: owner but not owner", "duplicated-error", 15),
        ("a: owner from p or owner from p\n    define p: [doc]", "duplicated-error", 15),
        ("a: [doc#a]", "relation-no-entry-point", 12),
        ("a: [user] or a", "relation-no-entry-point", 12),
        ("a: a from p\n    define p: [doc]", "relation-no-entry-point", 12),
        ("a: owner but not b\n    define b: [doc#b]", "relation-no-entry-point", 12),
        ("self: [user]", "reserved-relation-keywords", 12),
        ("this: [user]", "reserved-relation-keywords", 12),
        (f"{'a' * 51}: [user]", "invalid-name", 12),
    ],
)
def test_a_wrong_relation(line: str, code: str, column: int) -> None:
    found = relation(line)
    assert (code, 7, column) in found
    assert {item[0] for item in found} == {code}


@pytest.mark.parametrize(
    "line",
    [
        "a: owner from p\n    define p: [user, doc]",
        "a: [user] or a from p\n    define p: [doc]",
        "a: [doc#a] or owner",
        "a: [user, user:*, doc#owner, user with c]\ncondition c(x: int) { x > 1 }",
        "a: owner or (owner and owner)",
        f"{'a' * 50}: [user]",
    ],
)
def test_a_right_relation(line: str) -> None:
    assert relation(line) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model\n  schema 0.9\n", [("invalid-schema", 2, 10)]),
        ("model\n  schema 1.1\ntype self\n", [("reserved-type-keywords", 3, 6)]),
        (f"model\n  schema 1.1\ntype {'t' * 255}\n", [("invalid-name", 3, 6)]),
        (f"model\n  schema 1.1\ntype {'t' * 254}\n", []),
        ("model\n  schema 1.2\ntype t\n", []),
        ("model\n  schema 1.1\n", []),
        ("module wiki\ntype t\n", [("schema-version-required", 1, 1)]),
        ("model\n  schema 1.1\ntype t\ntype u\ntype t\n", [("duplicated-error", 3, 6)]),
        (HEAD + "condition c(x: int) { x > 1 }\n", [("condition-not-used", 7, 11)]),
        (HEAD + "    define a: [user with c]\ncondition c(x: int) { // later\n}\n", [("invalid-syntax", 8, 11)]),
        (
            HEAD + f"    define a: [user with {'c' * 51}]\ncondition {'c' * 51}(x: int) {{ x > 1 }}\n",
            [("invalid-name", 8, 11)],
        ),
    ],
)
def test_a_whole_model(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert problems(text) == expected


def test_all_problems_come_at_once_in_the_order_of_the_text() -> None:
    text = (
        HEAD
        + "    define a: ghost\n    define b: [ghoul]\n    define c: owner or owner\ncondition d(x: int) { x > y }\n"
    )
    with pytest.raises(InvalidModel) as caught:
        parse(text)
    assert [(item.code, item.line) for item in caught.value.problems] == [
        ("missing-definition", 7),
        ("invalid-type", 8),
        ("duplicated-error", 9),
        ("condition-not-used", 10),
        ("invalid-condition-expression", 10),
    ]


@pytest.mark.parametrize(
    ("condition", "places", "word"),
    [
        ("c(x: int) { x }", [(8, 23)], "bool"),
        ("c(x: int) { y > 1 }", [(8, 23)], "'y'"),
        ("c(x: int) { x > 'a' }", [(8, 25)], "overload"),
        ("c(x: int) {\n  x > 1 &&\n  y > z\n}", [(10, 3), (10, 7)], "'y'"),
        ("c(x: int) {\n\n  // why\n  x > }", [(11, 6)], "Syntax"),
        ("c(x: ipaddress) { x == '10.0.0.1' }", [(8, 31)], "IPAddress"),
        ("c(x: string) { x.in_cidr('10.0.0.0/8') }", [(8, 35)], "in_cidr"),
        ("c(x: any) { x }", [(8, 23)], "bool"),
        ("c(x: map<list<int>>) { x.a == 1 }", [(8, 38)], "list(int)"),
        ("c(in: int) { in == 1 }", [(8, 24), (8, 27)], "'in'"),
    ],
)
def test_an_expression_that_does_not_compile(condition: str, places: list[tuple[int, int]], word: str) -> None:
    with pytest.raises(InvalidModel) as caught:
        parse(f"{HEAD}    define a: [user with c]\ncondition {condition}\n")
    found = [problem for problem in caught.value.problems if problem.code == "invalid-condition-expression"]
    assert [(problem.line, problem.column) for problem in found] == places
    assert word in found[0].message
    assert len(found) == len(caught.value.problems)


def test_a_missing_name_does_not_drag_in_what_depends_on_it() -> None:
    assert relation("a: ghost\n    define b: a\n    define c: b") == [("missing-definition", 7, 15)]


def test_each_of_two_types_of_one_name_is_judged_by_its_own_relations() -> None:
    text = HEAD + "    define a: owner\ntype doc\n  relations\n    define b: [user]\n    define c: b\n"
    assert problems(text) == [("duplicated-error", 4, 6)]


@given(generated=plausible_models())
@settings(
    max_examples=2 * CALLS,
    phases=(Phase.generate,),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_an_openfga_server_agrees(generated: AuthorizationModel, tmp_path: Path) -> None:
    text = to_text(generated)
    codes = {problem.code for problem in validate(parse_text(text))}
    accepted, complaint = fga.is_valid(text, tmp_path)
    if codes <= STRICTER_THAN_A_SERVER and codes:
        return
    assert accepted == (not codes), complaint
