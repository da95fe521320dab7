from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transfer.conditions import Outcome, Preconditions, Validators, evaluate, parse_date, range_applies

ETAG = "ab" * 32
MODIFIED = datetime(2026, 5, 4, 3, 2, 1, 999_999, tzinfo=UTC)
PRESENT = Validators(ETAG, MODIFIED)
SAME, BEFORE, AFTER = (
    Validators(ETAG, MODIFIED + timedelta(seconds=seconds)).last_modified_header for seconds in (0, -1, 1)
)
PROCEED, NOT_MODIFIED, FAILED = Outcome.PROCEED, Outcome.NOT_MODIFIED, Outcome.FAILED


def test_the_headers() -> None:
    assert PRESENT.etag_header == f'"{ETAG}"'
    assert PRESENT.last_modified_header == "Mon, 04 May 2026 03:02:01 GMT"


@pytest.mark.parametrize(
    ("header", "strong", "weak"),
    [
        ("*", True, True),
        (f'"{ETAG}"', True, True),
        (f'W/"{ETAG}"', False, True),
        (f'"other", "{ETAG}"', True, True),
        (f'"a,b" , W/"x",,"{ETAG}"', True, True),
        (f', "{ETAG}" ,', True, True),
        (f'W/"{ETAG}", "{ETAG}"', True, True),
        ('"other"', False, False),
        (ETAG, False, False),
        (f'"{ETAG}', False, False),
        (f'"{ETAG}" "{ETAG}"', False, False),
        (f'w/"{ETAG}"', False, False),
        (f'"{ETAG}", garbage', False, False),
        ("", False, False),
    ],
)
def test_lists_of_entity_tags(header: str, strong: bool, weak: bool) -> None:
    assert evaluate(Preconditions(if_match=header), PRESENT) is (PROCEED if strong else FAILED)
    assert evaluate(Preconditions(if_none_match=header), PRESENT) is (NOT_MODIFIED if weak else PROCEED)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Preconditions(), PROCEED),
        (Preconditions(if_modified_since=SAME), NOT_MODIFIED),
        (Preconditions(if_modified_since=AFTER), NOT_MODIFIED),
        (Preconditions(if_modified_since=BEFORE), PROCEED),
        (Preconditions(if_modified_since="yesterday"), PROCEED),
        (Preconditions(if_unmodified_since=SAME), PROCEED),
        (Preconditions(if_unmodified_since=AFTER), PROCEED),
        (Preconditions(if_unmodified_since=BEFORE), FAILED),
        (Preconditions(if_unmodified_since="yesterday"), PROCEED),
        # An entity tag, where there is one, decides alone.
        (Preconditions(if_match=f'"{ETAG}"', if_unmodified_since=BEFORE), PROCEED),
        (Preconditions(if_none_match='"x"', if_modified_since=SAME), PROCEED),
        # What must hold comes before what saves a transfer.
        (Preconditions(if_match='"x"', if_none_match=f'"{ETAG}"'), FAILED),
        (Preconditions(if_unmodified_since=SAME, if_none_match="*"), NOT_MODIFIED),
    ],
)
def test_the_order_of_preconditions(asked: Preconditions, expected: Outcome) -> None:
    assert evaluate(asked, PRESENT) is expected


@pytest.mark.parametrize(
    ("header", "applies"),
    [
        (None, True),
        (f'"{ETAG}"', True),
        (f' "{ETAG}" ', True),
        (f'W/"{ETAG}"', False),
        ('"x"', False),
        ("*", False),
        (SAME, True),
        (BEFORE, False),
        (AFTER, False),
        ("garbage", False),
        ("", False),
    ],
)
def test_if_range(header: str | None, applies: bool) -> None:
    assert range_applies(Preconditions(if_range=header), PRESENT) is applies


@pytest.mark.parametrize(
    "text", ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
)
def test_the_three_forms_of_a_date(text: str) -> None:
    assert parse_date(text) == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


HEADER = st.none() | st.text(max_size=40) | st.sampled_from([SAME, BEFORE, AFTER, f'"{ETAG}"', f'W/"{ETAG}"', "*"])


@given(HEADER, HEADER, HEADER, HEADER, HEADER)
def test_any_text_is_judged(a: str | None, b: str | None, c: str | None, d: str | None, e: str | None) -> None:
    asked = Preconditions(a, b, c, d, e)
    assert evaluate(asked, PRESENT) in Outcome
    assert range_applies(asked, PRESENT) in (True, False)


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9000, 1, 1), timezones=st.just(UTC)))
def test_what_we_sent_comes_back_as_unchanged(modified: datetime) -> None:
    present = Validators(ETAG, modified)
    assert evaluate(Preconditions(if_modified_since=present.last_modified_header), present) is NOT_MODIFIED
    assert evaluate(Preconditions(if_unmodified_since=present.last_modified_header), present) is PROCEED
    assert range_applies(Preconditions(if_range=present.last_modified_header), present)


@given(st.text(max_size=60))
def test_a_date_is_aware_or_none(text: str) -> None:
    parsed = parse_date(text)
    assert parsed is None or parsed.tzinfo is UTC
