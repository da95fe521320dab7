from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transfer.ranges import ByteRange, Unsatisfiable, select


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", ByteRange(0, 1)),
        ("bytes=2-4", ByteRange(2, 3)),
        ("bytes=7-", ByteRange(7, 3)),
        ("bytes=0-999", ByteRange(0, 10)),
        ("bytes=-3", ByteRange(7, 3)),
        ("bytes=-11", ByteRange(0, 10)),
        ("BYTES = 1-2", ByteRange(1, 2)),
        (" bytes=,1-2 , ", ByteRange(1, 2)),
        ("bytes=9-9", ByteRange(9, 1)),
        ("bytes=000-0000001", ByteRange(0, 2)),
        ("bytes=0-" + "9" * 6000, ByteRange(0, 10)),
        ("bytes=10-", Unsatisfiable()),
        ("bytes=10-20", Unsatisfiable()),
        ("bytes=-0", Unsatisfiable()),
        ("bytes=" + "9" * 6000 + "-", Unsatisfiable()),
        (None, None),
        ("", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=4-2", None),
        ("bytes=1-2,4-5", None),
        ("bytes=1.5-2", None),
        ("bytes=+1-2", None),
        ("bytes=1-2-3", None),
        ("bytes=\u0661-2", None),
        ("lines=1-2", None),
        ("bytes 1-2", None),
    ],
)
def test_ten_bytes(header: str | None, expected: object) -> None:
    assert select(header, 10) == expected


@pytest.mark.parametrize(
    ("header", "expected"), [("bytes=0-", Unsatisfiable()), ("bytes=0-0", Unsatisfiable()), ("bytes=-5", None)]
)
def test_an_empty_file(header: str, expected: object) -> None:
    assert select(header, 0) == expected


@given(st.integers(0, 40), st.integers(0, 50), st.integers(0, 50))
def test_first_and_last_select_the_bytes_that_a_slice_does(size: int, first: int, last: int) -> None:
    content = bytes(range(size))
    found = select(f"bytes={first}-{last}", size)
    if last < first:
        assert found is None
    elif first >= size:
        assert found == Unsatisfiable()
    else:
        assert isinstance(found, ByteRange)
        assert content[found.offset : found.offset + found.length] == content[first : last + 1]
        assert found.content_range(size) == f"bytes {first}-{min(last, size - 1)}/{size}"


@given(st.integers(1, 40), st.integers(1, 50))
def test_a_suffix_selects_the_last_bytes(size: int, length: int) -> None:
    content = bytes(range(size))
    found = select(f"bytes=-{length}", size)
    assert isinstance(found, ByteRange)
    assert content[found.offset : found.offset + found.length] == content[-length:]


@given(st.text(alphabet="bytes=0123456789-, \t", max_size=30) | st.text(max_size=30), st.integers(0, 10**15))
def test_any_text_gives_a_range_within_the_file_or_none(header: str, size: int) -> None:
    found = select(header, size)
    if isinstance(found, ByteRange):
        assert found.offset >= 0
        assert found.length >= 1
        assert found.offset + found.length <= size
