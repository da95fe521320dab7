import pytest
from hypothesis import given
from hypothesis import strategies as st

from filegraph.client.terminal import counted, human_size, human_time, parse_size, printable


@given(st.text())
def test_nothing_that_steers_the_terminal_gets_through(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    shown.encode("utf-8")


def test_escapes_are_shown() -> None:
    assert printable("a\x1b[31m\nb\ud800") == "a\\x1b[31m\\nb\\ud800"
    assert printable("ünï日") == "ünï日"


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("1000", 1000), ("64M", 64 << 20), ("64MiB", 64 << 20), ("1.5g", 3 << 29), ("2 TB", 2 << 40), ("7b", 7)],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "x", "M", "-1", "-1M", "1X", "1e999", "nan", "inf"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="size"):
        parse_size(text)


def test_sizes_are_shown() -> None:
    assert [human_size(n) for n in (0, 1023, 1024, 1536 << 10, 5 << 50)] == [
        "0 B",
        "1023 B",
        "1.0 KiB",
        "1.5 MiB",
        "5.0 PiB",
    ]


def test_a_time_is_shown_in_utc_with_its_zone() -> None:
    assert human_time("2026-05-04T12:30:00.123456Z") == "2026-05-04 12:30:00Z"
    assert human_time("2026-05-04T12:30:00+02:00") == "2026-05-04 10:30:00Z"
    for none in ("", "soon", "0001-01-01T00:00:00+01:00"):
        assert human_time(none) == none


def test_one_of_a_thing_is_not_many() -> None:
    assert [counted(number, "link") for number in (0, 1, 2)] == ["0 links", "1 link", "2 links"]
