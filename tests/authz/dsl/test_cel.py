"""The language of conditions: what it costs at most, and when its library is loaded."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from authz.dsl.compilation import compile_expression
from authz.dsl.expressions import EvaluationError, InvalidExpression
from authz.dsl.model import ConditionParameter, ParameterType
from authz.dsl.zones import DATE_FUNCTIONS

LOADED = """
import sys
from authz.dsl import parse
from authz.engine.check import check
from authz.engine.memory import MemoryTuples
from authz.types import CheckRequest
text = "model\\n  schema 1.1\\ntype user\\ntype doc\\n  relations\\n    define a: [user{}]\\n"
def loaded(text):
    check(parse(text), MemoryTuples(), CheckRequest("user:a", "a", "doc:1"))
    return any(name.startswith("cel_expr_python") for name in sys.modules)
print(loaded(text.format("")), loaded(text.format(" with c") + "condition c(x: int) {{ x > 1 }}\\n".format()))
"""


def program(expression: str, **parameters: ParameterType | str) -> Any:
    typed = {
        name: kind if isinstance(kind, ParameterType) else ParameterType(kind) for name, kind in parameters.items()
    }
    return compile_expression(tuple(ConditionParameter(*item) for item in typed.items()), expression)


def test_the_library_is_loaded_with_the_first_condition() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_the_rounds_of_an_evaluation_are_bounded() -> None:
    numbers = ParameterType("list", ParameterType("int"))
    nested = program("x.all(a, x.all(b, a + b >= 0))", x=numbers)
    assert nested.evaluate({"x": list(range(90))})
    with pytest.raises(EvaluationError, match="budget"):
        nested.evaluate({"x": list(range(110))})


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("x == 1" + " || x == 1" * 20_000, "limit"),
        ("(" * 300 + "x == 1" + ")" * 300, "limit"),
        ("x" + " + x" * 40 + " == 1", "^Exceeded max recursion depth of 32 when parsing.$"),
        ("x", "must be a bool"),
        ("", "Syntax"),
    ],
)
def test_what_does_not_compile(expression: str, word: str) -> None:
    with pytest.raises(InvalidExpression, match=word):
        program(expression, x="int")


def test_an_error_is_no_value_and_another_operand_decides() -> None:
    assert program("1 / x == 1 || true", x="int").evaluate({"x": 0}) is True
    assert program("1 / x == 1 && false", x="int").evaluate({"x": 0}) is False
    with pytest.raises(EvaluationError, match="zero"):
        program("1 / x == 1", x="int").evaluate({"x": 0})


def test_values_of_every_type() -> None:
    values: dict[str, Any] = {
        "bool": True,
        "string": "\u00e4",
        "int": -(2**63),
        "uint": 2**63,
        "double": 0.5,
        "duration": timedelta(hours=1.5),
        "timestamp": datetime(2026, 1, 2, tzinfo=UTC),
        "ipaddress": b"10.0.0.1",
        "any": {"a": [1.0, None]},
    }
    expressions = {
        "bool": "x",
        "string": "x == '\u00e4' && x.size() == 1",
        "int": "x < 0",
        "uint": "x > 9223372036854775807u",
        "double": "x * 2.0 == 1.0",
        "duration": "x == duration('90m')",
        "timestamp": "x.getFullYear() == 2026",
        "ipaddress": "x.in_cidr('10.0.0.0/8') && x == ipaddress('::ffff:10.0.0.1') && x in [x]",
        "any": "x.a[0] == 1 && x.a[1] == null && !has(x.b)",
    }
    for kind, expression in expressions.items():
        assert program(expression, x=kind).evaluate({"x": values[kind]}) is True
        inside = ParameterType("map", ParameterType("list", ParameterType(kind)))
        assert program(f"y['k'].exists(x, {expression})", y=inside).evaluate({"y": {"k": [values[kind]]}}) is True


@pytest.mark.parametrize("function", sorted(DATE_FUNCTIONS))
@pytest.mark.parametrize(
    "zone",
    [
        *("s", "'UT' + 'C'", "(b ? 'UTC' : 'UTC')", "string('UTC')", "dyn(s)", "a", "a.zone", "['UTC'][0]", "''"),
        *("'/etc/passwd'", "'file:/usr/share/zoneinfo/UTC'", "'../zoneinfo/UTC'", "'/usr/share/zoneinfo/UTC'"),
        *("'nope'", "'utc'", "'UTC '", "' 02:00'", "'+25:00'", "'+02:60'", "'+2'", "'+02:00\\n'", "'\u0661:00'"),
    ],
)
def test_a_time_zone_is_written_in_the_expression_and_known(function: str, zone: str) -> None:
    types = {"t": "timestamp", "s": "string", "a": "any", "b": "bool"}
    for expression in (f"t.{function}({zone}) > 1", f"[t].exists(x, has({{'k': {{x.{function}({zone}): 1}}}}.k.n))"):
        with pytest.raises(InvalidExpression, match=f"^the time zone of {function} must be an offset"):
            program(expression, **types)


@pytest.mark.parametrize(
    ("zone", "hour"), [("UTC", 12), ("Asia/Tokyo", 21), ("+02:00", 14), ("-3:30", 8), ("02:00", 14)]
)
def test_a_known_zone(zone: str, hour: int) -> None:
    found = program(f"t.getHours('{zone}') == {hour}", t="timestamp")
    assert found.evaluate({"t": datetime(2026, 7, 1, 12, tzinfo=UTC)})
