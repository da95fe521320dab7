"""Which conditions compare two times, and what is left to compare when a question tells one of them."""

from __future__ import annotations

import pytest

from authz.dsl import parse
from authz.dsl.model import Condition
from authz.engine.expiry import Comparison, TimeTest, comparison_of

NOON = "2026-03-01T12:00:00.500000"


def condition(head: str, expression: str) -> Condition:
    text = "model\n  schema 1.1\ntype user\ntype thing\n  relations\n    define held: [user with c]\n"
    return parse(f"{text}condition c({head}) {{\n  {expression}\n}}\n").conditions["c"]


@pytest.mark.parametrize("sign", ["<", "<=", ">", ">="])
def test_any_names_any_sign_either_order(sign: str) -> None:
    found = comparison_of(condition("now: timestamp, end: timestamp", f"now {sign} end"))
    assert found == Comparison("c", "now", sign, "end")
    told = {"now": "2026-03-01T13:00:00.5+01:00", "other": 1}
    mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}[sign]
    assert found.asked(told) == TimeTest("c", "end", mirrored, NOON)
    assert found.asked({"end": "2026-03-01T12:00:00.5Z"}) == TimeTest("c", "now", sign, NOON)


@pytest.mark.parametrize("context", [{}, {"now": NOON + "Z", "end": NOON + "Z"}, {"now": "noon"}, {"now": 5}])
def test_what_has_to_be_evaluated_elsewhere(context: dict[str, object]) -> None:
    found = comparison_of(condition("now: timestamp, end: timestamp", "now < end"))
    assert found is not None
    assert found.asked(context) is None


@pytest.mark.parametrize(
    ("head", "expression"),
    [
        ("a: int, b: int", "a < b"),
        ("a: timestamp, b: timestamp", "a == b"),
        ("a: timestamp, b: timestamp", "a < b && b > a"),
        ("a: timestamp, b: timestamp, c: int", "a < b"),
        ("a: timestamp", "a < a"),
        ("a: timestamp, b: duration", "a - b < a"),
    ],
)
def test_other_conditions(head: str, expression: str) -> None:
    assert comparison_of(condition(head, expression)) is None
