"""What an expression may cost: what people write passes, what would take long is refused before it begins."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authz.dsl.compilation import compile_expression
from authz.dsl.model import Condition, ConditionParameter, ParameterType
from authz.engine.conditions import Circumstances, Conditions
from authz.engine.effort import EFFORT_LIMIT, QUESTION_EFFORT_LIMIT, Effort, size_of
from authz.errors import ConditionFailed
from authz.types import RelationshipCondition

STRINGS = ParameterType("list", ParameterType("string"))
PARAMETERS = (
    ConditionParameter("x", ParameterType("list", ParameterType("int"))),
    ConditionParameter("names", STRINGS),
    ConditionParameter("others", STRINGS),
    ConditionParameter("s", ParameterType("string")),
    ConditionParameter("t", ParameterType("string")),
    ConditionParameter("user", ParameterType("any")),
    ConditionParameter("address", ParameterType("ipaddress")),
)
NOTHING: Mapping[str, Any] = {
    "x": [],
    "names": [],
    "others": [],
    "s": "",
    "t": "",
    "user": None,
    "address": "10.0.0.1",
}
CARRIED = RelationshipCondition("c")
NETWORKS = [f"10.{number // 256}.{number % 256}.0/24" for number in range(1500)]


def circumstances(expression: str, **context: Any) -> Circumstances:
    # The size of a context is bounded elsewhere; here nothing must rely on it.
    compiled = Conditions({"c": Condition("c", PARAMETERS, expression)}).under({})
    compiled._context = {**NOTHING, **context}
    return compiled


def steps(expression: str, **values: Any) -> int:
    program = compile_expression(PARAMETERS, expression)
    return Effort(program.tree).of({name: size_of(value) for name, value in {**NOTHING, **values}.items()})


@st.composite
def random_expressions(draw: st.DrawFn) -> str:
    """Expressions that grow what they are given, in loops: lists of texts made into larger ones, and asked about."""
    grown = draw(st.sampled_from(["names", "others", "[s, t]", "x.map(i, s)"]))
    for _ in range(draw(st.integers(0, 4))):
        grown += draw(
            st.sampled_from(
                [
                    ".map(a, a + a)",
                    ".map(a, a + s)",
                    ".filter(a, a in names)",
                    ".filter(a, !a.contains(t))",
                    ".filter(a, a.matches('(a|b)*a(a|b){20}c') || a != s)",
                    ".map(a, names.exists(b, b == a) ? a : t)",
                    ".map(a, [a, s, t][2])",
                    ".map(a, string(bytes(a)))",
                ]
            )
        )
        if draw(st.booleans()):
            grown = f"({grown} + {grown})"
    asked = draw(
        st.sampled_from(
            [
                "{0}.exists(c, c in {0})",
                "{0} == {0}",
                "s in {0}",
                "{0}.map(c, [c, c, c, c]).map(c, [c, c, c, c]) == [[names]]",
                "{0}.all(c, c.size() < 3 || c.matches(t))",
                "x.exists(i, {0}.size() == i)",
            ]
        )
    )
    return asked.format(grown)


@pytest.mark.parametrize(
    ("expression", "context"),
    [
        ("names.exists(a, a in others)", {"names": ["a"] * 9000, "others": ["b"] * 200_000}),
        ("names.exists(a, others == names)", {"names": ["a"] * 9000, "others": ["a"] * 9000}),
        ("names.exists(a, names + names == others)", {"names": ["a"] * 9000}),
        ("names.map(a, a) == others", {"names": ["a"] * 9000}),
        ("names.filter(a, a != s) == others", {"names": ["a"] * 9000}),
        (
            "[s]" + ".map(a, [a, a, a, a, a, a, a, a])" * 8 + " == [t]" + ".map(a, [a, a, a, a, a, a, a, a])" * 8,
            {},
        ),
        ("[s]" + ".map(a, a + a)" * 26 + " == [t]", {"s": "a" * 30}),
        ("x.exists(a, s + s + s + s == s)", {"x": list(range(9900)), "s": "ab" * 16_000}),
        ("x.exists(a, s.contains(t))", {"x": list(range(1000)), "s": "a" * 30_000, "t": "a" * 15_000 + "b"}),
        ("x.exists(a, s.matches('^(a|b|ab)*c$'))", {"x": list(range(9900)), "s": "ab" * 16_000}),
        ("s.matches(s)", {"s": "ab" * 16_000}),
        ("s.matches(t)", {"s": "ab" * 15_000, "t": "(a|b)*a(a|b){900}c"}),
        ("s.matches('(a|b)*a(a|b)' + '{' + t)", {"s": "ab" * 15_000, "t": "900}c"}),
        ("s.matches('(a{30}){30}b')", {"s": "a" * 30_000}),
        ("s.matches(r'(\\pL*\\pN*)*c')", {"s": "a" * 30_000}),
        ("x.exists(a, " + " || ".join(f"a == {-number}" for number in range(5000)) + ")", {"x": list(range(9900))}),
        ("x.all(a, x.all(b, s == s + s))", {"x": list(range(300)), "s": "ab" * 3000}),
        ("(x + x + x + x).map(a, s).exists(b, b + b + b == s)", {"x": list(range(2400)), "s": "ab" * 1000}),
        ("x.exists(a, user == user)", {"x": list(range(9000)), "user": {"a": [{"b": [1] * 1000}]}}),
    ],
)
def test_what_would_take_long_is_refused_at_once(expression: str, context: dict[str, Any]) -> None:
    under = circumstances(expression, **context)
    start = time.process_time()
    with pytest.raises(ConditionFailed, match=str(EFFORT_LIMIT)):
        under.met(CARRIED)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("expression", "context"),
    [
        ("names.exists(a, a in others)", {"names": ["a"] * 1300, "others": ["b"] * 1300}),
        ("names.exists(a, others + others == names)", {"names": ["a"] * 600, "others": ["a"] * 1000}),
        ("names.map(a, a) == others", {"names": ["a"] * 1200}),
        ("x.exists(a, s + t == t)", {"x": list(range(600)), "s": "a" * 30_000 + "b", "t": "a" * 30_001}),
        ("x.exists(a, s.contains(t))", {"x": list(range(100)), "s": "a" * 3000, "t": "a" * 1500 + "b"}),
        ("s.matches(t)", {"s": "ab" * 15, "t": "(a|b)*a(a|b){900}c"}),
        ("x.exists(a, s.matches('(a|b)*a(a|b)*c'))", {"x": list(range(35)), "s": "ab" * 800}),
        ("x.exists(a, !address.in_cidr('10.0.0.0/8'))", {"x": list(range(3000))}),
        ("x.exists(a, address.in_cidr(s) && a < 0)", {"x": list(range(3000)), "s": "2001:db8:1:2:3:4:5:6/64"}),
        ("x.exists(a, address.in_cidr(s) && a < 0 || a < 0)", {"x": list(range(1500)), "s": "1:" * 10_000 + "/64"}),
        ("x.exists(a, duration(s) < duration('0s'))", {"x": list(range(300)), "s": "1s" * 9000}),
        ("x.exists(a, duration(s) == duration('1s'))", {"x": list(range(300)), "s": "1h1m1s1ms1us1ns" * 1000}),
        ("x.exists(a, s.size() == 1)", {"x": list(range(150)), "s": "\u00e4" * 8000}),
        ("x.exists(a, user != user)", {"x": list(range(600)), "user": {str(number): number for number in range(1500)}}),
        ("x.exists(a, timestamp(a).getHours('Europe/Berlin') > 30)", {"x": list(range(9000))}),
        ("x.exists(a, " + " || ".join(f"a == {-number}" for number in range(1, 50)) + ")", {"x": list(range(6000))}),
        ("[s]" + ".map(a, [a, a, a, a, a, a, a, a])" * 5 + " == [[[[[[t]]]]]]", {}),
    ],
)
def test_a_step_takes_no_longer_than_is_said(expression: str, context: dict[str, Any]) -> None:
    """Just below the limit, and so an evaluation holds the others up for 100 ms: four times that on a slow machine."""
    under = circumstances(expression, **context)
    taken = []
    for _ in range(3):
        start = time.thread_time()
        under.met(CARRIED)
        taken.append(time.thread_time() - start)
    assert min(taken) < 4 * 50e-9 * steps(expression, **context)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        *(
            ("duration", "1s" * 3000),
            ("duration", "0.000000001s" * 500),
            ("timestamp", "2" * 6000),
            ("int", "1" * 6000),
        ),
        *(("double", "0." + "0" * 6000), ("bytes", "\u00e4" * 3000), ("size", "\u00e4" * 3000)),
    ],
)
def test_a_text_that_is_read_is_counted_by_the_byte(function: str, text: str) -> None:
    assert steps(f"x.all(a, {function}(s) != {function}('1'))", x=list(range(100)), s=text) > 100 * 6000 // 4


def test_a_character_is_as_many_bytes_as_it_can_be() -> None:
    assert steps("s == s", s="\U0001f600" * 8000) >= 4 * steps("s == s", s="a" * 7000)


def test_many_evaluations_come_together() -> None:
    expression, values = "names.exists(a, a in others)", {"names": ["a"] * 1000, "others": ["b"] * 1000}
    under = circumstances(expression, **values)
    enough = QUESTION_EFFORT_LIMIT // steps(expression, **values)
    assert 30 < enough < 120
    for _ in range(enough):
        assert not under.met(CARRIED)
    with pytest.raises(ConditionFailed, match=str(QUESTION_EFFORT_LIMIT)):
        under.met(CARRIED)


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("x.exists(number, number < 5)", {"x": list(range(5000))}),
        ("names.exists(network, address.in_cidr(network))", {"names": NETWORKS}),
        ("user.department == s && user.level >= 3.0", {"user": {"department": "a" * 200, "level": 2}, "s": "b"}),
        ("names.exists(g, g in others)", {"names": ["g" * 26] * 200, "others": ["g" * 26] * 200}),
        ("names.exists(g, g.matches('^team-[a-z]+$'))", {"names": ["g" * 26] * 200}),
        ("s.matches('^[a-z]+-[0-9]{1,8}$') || s.startsWith('public')", {"s": "n" * 255}),
        ("s.matches(t)", {"s": "n" * 255, "t": "^[a-z]+-[0-9]+$"}),
        ("s.size() < 30000", {"s": "a" * 32_000}),
        ("s.contains('secret')", {"s": "a" * 32_000}),
        (
            "names.map(n, n + '-a').map(n, n + s).filter(n, n in names).exists(n, n == 'a')",
            {"names": ["n" * 20] * 50, "s": "-b"},
        ),
    ],
)
def test_what_people_write_passes(expression: str, values: dict[str, Any]) -> None:
    assert steps(expression, **values) < EFFORT_LIMIT


def test_loops_within_one_another_multiply_up_to_the_rounds_there_are() -> None:
    assert steps("x.all(a, x.all(b, x.all(c, c == a)))", x=list(range(20))) >= 8_000
    once = steps("x.all(a, x.all(b, a == b))", x=list(range(100)))
    assert steps("x.all(a, x.all(b, a == b))", x=list(range(3000))) < 3 * once


def test_to_reckon_takes_no_longer_the_deeper_loops_are_nested() -> None:
    nested = "s == t"
    for depth in range(26):
        nested = f"x.all(a{depth}, {nested})"
    start = time.process_time()
    assert steps(nested, x=[1, 2, 3]) > 100_000
    assert time.process_time() - start < 1


def test_loops_that_follow_one_another_do_not_multiply() -> None:
    assert steps("x.all(a, a == a) && x.all(b, b == b) && x.all(c, c == c)", x=list(range(20))) < 60 * 20


def test_a_text_of_the_expression_counts_as_one_of_the_values() -> None:
    long = "a" * 3200
    assert steps(f"x.exists(a, s == '{long}')", x=list(range(50)), s=long) >= 50 * 100


@given(random_expressions(), st.integers(0, 12), st.integers(0, 12))
@settings(deadline=None)
def test_whatever_passes_ends_soon(expression: str, entries: int, doublings: int) -> None:
    """Whatever is nested in whatever: what is judged to be within the limit takes its time and no more."""
    text = "ab" * (1 << doublings)
    names = [text[: 1 + number] for number in range(1 << entries)]
    under = circumstances(expression, x=list(range(1 << entries)), names=names, others=names[:50], s=text, t=text[1:])
    start = time.process_time()
    with suppress(ConditionFailed):
        under.met(CARRIED)
    assert time.process_time() - start < 2
