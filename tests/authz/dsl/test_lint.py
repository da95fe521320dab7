from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

import authz
from authz.dsl.lint import lint
from authz.dsl.model import AuthorizationModel
from authz.dsl.parser import parse_text
from authz.dsl.printer import to_text
from authz.dsl.validate import validate
from tests.authz.dsl.generated import MODELS, plausible_models

HEAD = (
    "model\n  schema 1.1\ntype user\ntype bot\n"
    "type folder\n  relations\n    define viewer: [user]\n"
    "type doc\n  relations\n    define owner: [user]\n    define robot: [bot]\n    define parent: [folder, doc]\n"
    "    define above: [doc]\n"
)
"""Thirteen lines; what a case adds to ``doc`` begins in line 14. ``folder`` has the relation ``viewer`` alone."""


def warnings(lines: str) -> list[tuple[str, int, int]]:
    parsed = parse_text(HEAD + f"    define {lines}\n")
    assert validate(parsed) == []
    return [(problem.code, problem.line, problem.column) for problem in lint(parsed)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("a: owner from parent", [("incomplete-tupleset", 14, 15)]),
        ("a: [user] or (owner but not owner from parent)", [("incomplete-tupleset", 14, 40)]),
        ("viewer: viewer from parent", []),
        ("a: [user, doc#a] and owner", [("constrained-cycle", 14, 15)]),
        ("a: owner but not b\n    define b: [user] or a from above", [("constrained-cycle", 14, 29)]),
        ("a: owner or (owner and a from above)", [("constrained-cycle", 14, 35)]),
        ("a: owner but not b\n    define b: [user] or b from above", []),
        ("a: [user, doc#a] or a from above", []),
        ("a: owner and robot", [("empty-intersection", 14, 12)]),
        ("a: owner or (owner and (robot but not owner))", [("empty-intersection", 14, 12)]),
        ("a: [user:*, bot:*] and robot", []),
        ("a: owner but not robot", []),
        ("a: owner and (owner from above but not owner from above)", [("empty-exclusion", 14, 12)]),
        ("a: owner or (viewer from parent but not viewer from parent)\n    define viewer: [user]", []),
        ("a: owner or (owner but not owner)", []),
    ],
)
def test_what_the_coming_resolver_says(lines: str, expected: list[tuple[str, int, int]]) -> None:
    assert warnings(lines) == expected


def test_a_long_chain_and_a_large_circle_are_no_deep_recursion() -> None:
    chain = "\n".join(f"    define r{number}: [doc#r{number + 1}, user]" for number in range(1500))
    assert warnings(f"first: [doc#r0, user] and owner\n{chain}\n    define r1500: [doc#r0, user]") == []
    # One operator on the way, and the whole circle goes through it.
    lines = f"last: [doc#r0, user] and owner\n{chain}\n    define r1500: [doc#last, user]"
    assert warnings(lines) == [("constrained-cycle", 14, 18)]


def test_the_shipped_model_stays_valid() -> None:
    text = (Path(authz.__path__[0]) / "default.fga").read_text(encoding="utf-8")
    assert lint(parse_text(text)) == []


@given(plausible_models())
@settings(max_examples=MODELS, suppress_health_check=[HealthCheck.too_slow])
def test_only_a_cycle_or_an_operator_is_ever_complained_of(generated: AuthorizationModel) -> None:
    parsed = parse_text(to_text(generated))
    if not validate(parsed):
        text = to_text(generated)
        assert " and " in text or " but not " in text or not lint(parsed)
