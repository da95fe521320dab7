"""What an expression may cost: what people write passes, what would take long is refused before it begins."""

from __future__ import annotations

import time
from typing import Any

import pytest

from authz.dsl.model import Condition, ConditionParameter, ParameterType
from authz.engine.conditions import Circumstances, Conditions
from authz.engine.effort import EFFORT_LIMIT, Effort
from authz.errors import ConditionFailed
from authz.types import RelationshipCondition

PARAMETERS = (
    ConditionParameter("x", ParameterType("list", ParameterType("int"))),
    ConditionParameter("s", ParameterType("string")),
)
CARRIED = RelationshipCondition("c")
NETWORKS = [f"10.{number // 256}.{number % 256}.0/24" for number in range(1500)]


def circumstances(expression: str, numbers: int, characters: int) -> Circumstances:
    context = {"x": list(range(numbers)), "s": "ab" * (characters // 2)}
    return Conditions({"c": Condition("c", PARAMETERS, expression)}).under(context)


@pytest.mark.parametrize(
    ("expression", "numbers", "characters"),
    [
        ("x.exists(a, s + s + s + s == s)", 9900, 32_000),
        ("x.exists(a, s.matches('^(a|b|ab)*c$'))", 9900, 32_000),
        ("s.matches(s)", 0, 32_000),
        ("s" + " + s" * 30 + " == s", 0, 32_000),
        ("x.exists(a, " + " || ".join(f"a == {-number}" for number in range(5000)) + ")", 9900, 0),
        ("x.all(a, x.all(b, s == s + s))", 300, 3000),
        ("(x + x + x + x).map(a, s).exists(b, b + b + b == s)", 2400, 2000),
    ],
)
def test_what_would_take_long_is_refused_at_once(expression: str, numbers: int, characters: int) -> None:
    under = circumstances(expression, numbers, characters)
    start = time.process_time()
    with pytest.raises(ConditionFailed, match=str(EFFORT_LIMIT)):
        under.met(CARRIED)
    assert time.process_time() - start < 1


def test_at_the_limit_it_takes_about_a_second() -> None:
    body = " || ".join(f"a == {-number}" for number in range(1, 300))
    under = circumstances(f"x.exists(a, {body})", 9000, 0)
    start = time.process_time()
    assert not under.met(CARRIED)
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("now < end", {"now": 1, "end": 2}),
        ("networks.exists(network, address.in_cidr(network))", {"address": b"10.0.0.1", "networks": NETWORKS}),
        ("user.department == department && level >= required", {"user": {"department": "a" * 200}, "department": "b"}),
        ("groups.exists(g, g in allowed)", {"groups": ["g" * 26] * 200, "allowed": ["g" * 26] * 200}),
        ("name.matches('^[a-z]+-[0-9]{1,8}$') || name.startsWith('public')", {"name": "n" * 255}),
        ("text.size() < 30000", {"text": "a" * 32_000}),
        (
            "names.map(n, n + '-a').map(n, n + suffix).filter(n, n in names).exists(n, n == 'a')",
            {"names": ["n" * 20] * 50},
        ),
    ],
)
def test_what_people_write_passes(expression: str, values: dict[str, Any]) -> None:
    assert Effort(expression).of(values) < EFFORT_LIMIT


@pytest.mark.parametrize(
    "expression",
    [
        "x.all(a, ')' != s && x.all(b, x.all(c, c == a)))",
        'x.all(a, "\\")" != s && x.all(b, x.all(c, c == a)))',
        "x.all(a, r'\\' != s && ')' != s && x.all(b, x.all(c, c == a)))",
        "x.all(a, ''') ' ( ''' != s && x.all(b, x.all(c, c == a)))",
        "x.all(a, // it's\n x.all(b, // it's\n x.all // why\n (c, c == a)))",
    ],
)
def test_what_is_set_aside_hides_no_loop(expression: str) -> None:
    """Three within one another, over 20 numbers, are 8,000 rounds."""
    values = {"x": list(range(20)), "s": ""}
    assert Effort(expression).of(values) >= 8_000 * (len(expression) // 2)


def test_loops_that_follow_one_another_do_not_multiply() -> None:
    values = {"x": list(range(20)), "s": ""}
    assert Effort("x.all(a, a == a) && x.all(b, b == b) && x.all(c, c == c)").of(values) < 60 * 60


def test_a_text_of_the_expression_counts_as_one_of_the_values() -> None:
    assert Effort(f"s == '{'a' * 3000}'").of({"s": ""}) >= 3000 * 1500
