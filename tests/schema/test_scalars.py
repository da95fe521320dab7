from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from graphql import GraphQLError, parse_value
from hypothesis import given
from hypothesis import strategies as st

from schema.executor import core_schema
from schema.root import schema
from schema.scalars import format_date_time, parse_big_int, parse_date_time, parse_sha256, parse_url

BIG = core_schema(schema).type_map["BigInt"]


@given(st.integers(-(2**63), 2**63 - 1))
def test_64_bits_come_through_as_digits_or_numbers(value: int) -> None:
    assert parse_big_int(value) == value
    assert parse_big_int(str(value)) == value
    assert BIG.parse_literal(parse_value(str(value))) == value  # type: ignore[attr-defined]
    assert BIG.parse_literal(parse_value(f'"{value}"')) == value  # type: ignore[attr-defined]
    assert BIG.coerce_output_value(value) == str(value)  # type: ignore[attr-defined]


def test_5_tebibytes_are_a_string_of_digits() -> None:
    assert BIG.coerce_output_value(5 << 40) == "5497558138880"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "value", [2**63, -(2**63) - 1, str(2**63), True, 1.5, "1.5", "", " 1", "1_0", "٣", "0x1", None, [], {}]
)
def test_what_is_no_64_bit_integer_is_refused(value: Any) -> None:
    with pytest.raises(GraphQLError):
        parse_big_int(value)


@pytest.mark.parametrize("literal", ["1.5", "true", "null", "[1]", "{a: 1}", "$a", "X"])
def test_a_literal_that_is_no_integer_is_refused(literal: str) -> None:
    with pytest.raises(GraphQLError):
        BIG.parse_literal(parse_value(literal))  # type: ignore[attr-defined]


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]),
                    min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)))  # fmt: skip
def test_a_time_comes_back_in_utc(value: datetime) -> None:
    text = format_date_time(value)
    assert text.endswith("Z")
    assert parse_date_time(text) == value


@pytest.mark.parametrize(
    "value",
    ["2026-01-31", "2026-01-31T10:00:00", "2026-13-01T00:00:00Z", "2026-01-31 10:00:00Z", 1769853600, None, "now", "",
     "0001-01-01T00:00:00+14:00"],
)  # fmt: skip
def test_what_is_no_rfc_3339_time_is_refused(value: Any) -> None:
    with pytest.raises(GraphQLError):
        parse_date_time(value)


def test_hashes_and_urls() -> None:
    assert parse_sha256("a" * 64) == "a" * 64
    assert parse_url("https://a.test/x") == "https://a.test/x"
    for bad in ("A" * 64, "a" * 63, "a" * 65, "g" * 64, None, 1):
        with pytest.raises(GraphQLError):
            parse_sha256(bad)
    for bad in ("ftp://a", "/x", "javascript:alert(1)", None, 1):
        with pytest.raises(GraphQLError):
            parse_url(bad)


def test_json_is_the_same_as_a_literal_and_as_a_variable() -> None:
    json = core_schema(schema).type_map["JSON"]
    literal = parse_value('{a: [1, -2.5, "x", true, null], b: {c: $given, d: WORD}}')
    assert json.parse_literal(literal, {"given": {"e": []}}) == {  # type: ignore[attr-defined]
        "a": [1, -2.5, "x", True, None],
        "b": {"c": {"e": []}, "d": "WORD"},
    }
    value = {"a": [1, None], "b": "\u00e9"}
    assert json.parse_value(value) == json.coerce_output_value(value) == value  # type: ignore[attr-defined]
