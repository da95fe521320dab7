"""Values of parameters: what JSON becomes, and what is refused. A real server is asked the same beside this."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authz.dsl.model import ParameterType
from authz.engine.parameters import typed

INT_MAX = 2**63 - 1


def value_of(kind: str, value: Any) -> Any:
    return typed(ParameterType(kind), value)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("int", 7, 7),
        ("int", 7.0, 7),
        ("int", "-7", -7),
        ("int", "7e2", 700),
        ("int", 2**53 + 1, 2**53),
        ("int", "9007199254740993", 2**53 + 1),
        ("int", 2**70, INT_MAX),
        ("int", "-99999999999999999999", -INT_MAX - 1),
        ("uint", "9223372036854775808", INT_MAX),
        ("double", 1, 1.0),
        ("double", "0.5", 0.5),
        ("duration", "1h30m", timedelta(minutes=90)),
        ("duration", "-1.5h", -timedelta(minutes=90)),
        ("duration", "0", timedelta()),
        ("duration", "1999ns", timedelta(microseconds=1)),
        ("timestamp", "2026-01-02T03:04:05.1234567+01:00", datetime(2026, 1, 2, 2, 4, 5, 123456, UTC)),
        ("ipaddress", "::FFFF:10.0.0.1", b"10.0.0.1"),
        ("any", {"a": [1, "b", None, True]}, {"a": [1.0, "b", None, True]}),
    ],
)
def test_a_value(kind: str, value: Any, expected: Any) -> None:
    found = value_of(kind, value)
    assert (found, type(found)) == (expected, type(expected))


def test_numbers_within_anything_are_doubles() -> None:
    assert type(value_of("any", 1)) is float
    assert type(value_of("any", [{"a": 1}])[0]["a"]) is float
    assert value_of("any", True) is True


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bool", [0, "true", None]),
        ("string", [0, None, True, []]),
        ("int", [1.5, "1.5", True, None, "", "one", "0x10", "1_0", float("nan"), float("inf"), 10**400, "9" * 401]),
        ("uint", [-1, "-1"]),
        ("double", ["0.1", "1e400", True, None, float("inf")]),
        ("duration", [1, "1", "", "1d", "1h ", "h", "300000000h", None]),
        (
            "timestamp",
            [0, "", "2026-01-02", "2026-02-30T00:00:00Z", "2026-01-02T24:00:00Z", "2026-01-02t00:00:00z", None],
        ),
        ("ipaddress", [1, "", "10.0.0.1/8", None]),
        ("any", [object(), {1: 2}, float("nan")]),
    ],
)
def test_no_value(kind: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(ValueError):
            value_of(kind, value)


@pytest.mark.parametrize("kind", ["bool", "int", "double", "duration", "timestamp", "ipaddress"])
def test_what_is_refused_is_not_repeated(kind: str) -> None:
    with pytest.raises(ValueError) as caught:
        value_of(kind, "hunter2")
    assert "hunter2" not in str(caught.value)


def test_containers() -> None:
    times = ParameterType("map", ParameterType("list", ParameterType("duration")))
    assert typed(times, {"a": ["1s", "1m"], "b": []}) == {"a": [timedelta(seconds=1), timedelta(minutes=1)], "b": []}
    wrong: list[Any] = [{"a": "1s"}, [], {"a": ["x"]}, None, {1: []}]
    for value in wrong:
        with pytest.raises(ValueError):
            typed(times, value)


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)), st.integers(-23 * 60, 23 * 60))
def test_every_time_in_every_zone(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    found = value_of("timestamp", aware.isoformat())
    assert found == aware
    assert found.tzinfo is UTC


@given(st.integers(-INT_MAX - 1, INT_MAX))
def test_a_text_holds_every_int(number: int) -> None:
    assert value_of("int", str(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double(number: float) -> None:
    assert value_of("double", number) == number


@given(
    st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(["h", "m", "s", "ms", "us"])), min_size=1, max_size=5)
)
def test_durations_add_up(parts: list[tuple[int, str]]) -> None:
    units = {"h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000, "us": 1}
    expected = timedelta(microseconds=sum(number * units[unit] for number, unit in parts))
    text = "".join(f"{number}{unit}" for number, unit in parts)
    assert value_of("duration", text) == expected
    assert value_of("duration", f"-{text}") == -expected


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("duration", "1" * 60_000),
        ("duration", "1." * 30_000),
        ("duration", "1h" * 30_000),
        ("timestamp", "2026-01-02T03:04:05." + "1" * 60_000),
        ("int", "1" * 60_000),
        ("int", "1e" + "1" * 60_000),
        ("double", "." + "1" * 60_000),
        ("ipaddress", "1" * 60_000),
        ("ipaddress", "fe80::1%" + "a" * 60_000),
    ],
)
def test_a_long_text_is_refused_before_it_is_read(kind: str, text: str) -> None:
    start = time.process_time()
    for _ in range(100):
        with pytest.raises(ValueError, match="expected"):
            value_of(kind, text)
    assert time.process_time() - start < 0.5


def test_a_duration_takes_no_longer_than_its_length() -> None:
    long = "1" * 399
    start = time.process_time()
    for _ in range(1000):
        with pytest.raises(ValueError, match="expected"):
            value_of("duration", long)
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1e9999", INT_MAX), ("-1e9999", -INT_MAX - 1), ("0e9999", 0), ("0." + "0" * 390 + "1e9999", INT_MAX)],
)
def test_an_exponent_is_no_longer_than_it_matters(text: str, expected: int) -> None:
    start = time.process_time()
    for _ in range(100):
        assert value_of("int", text) == expected
    assert time.process_time() - start < 0.1
    with pytest.raises(ValueError, match="whole"):
        value_of("int", "9" * 390 + "e-9999")
