from __future__ import annotations

import math
from pathlib import Path

import pytest

from authz.storefile.document import Document, Plain, read_document
from authz.storefile.faults import InvalidStoreFile

FILE = Path("some.yaml")


def read(text: str) -> Document:
    return read_document(FILE, text)


def test_scalars_stay_texts_and_nothing_is_none() -> None:
    assert read("a: 010\nb: no\nc: '5'\nd:\ne: ~\n1: [on, 2026-01-01]\n").value == {
        "a": "010",
        "b": "no",
        "c": "5",
        "d": None,
        "e": None,
        "1": ["on", "2026-01-01"],
    }
    assert read("").value is None
    assert read("--- x\n...\n--- y\n").value == "x"


def test_only_what_is_written_without_quotes_can_be_more_than_text() -> None:
    value = read('- 5\n- "5"\n- !!str 5\n- |-\n  5\n').value
    assert [isinstance(item, Plain) for item in value] == [True, False, False, False]


@pytest.mark.parametrize(
    ("text", "value"),
    [("-0x1f", -31), ("1_0", 10), ("010", 8), ("1e3", 1000.0), (".5", 0.5), ("y", "y"), ("1:30", "1:30"), ("é", "é")],
)
def test_what_a_plain_scalar_means(text: str, value: object) -> None:
    assert Plain(text).value == value


def test_what_has_no_equal_and_what_json_has_not() -> None:
    assert math.isnan(float(Plain(".NaN").value or 0))
    assert (Plain("-.inf").value, Plain("+.INF").value) == (-math.inf, math.inf)
    with pytest.raises(ValueError, match="quotes"):
        _ = Plain("2026-01-01T00:00:00Z").value


def test_truth_in_many_words() -> None:
    assert [Plain(text).truth for text in ("yes", "ON", "Y", "True")] == [True] * 4
    assert [Plain(text).truth for text in ("no", "Off", "n", "FALSE")] == [False] * 4
    assert [Plain(text).truth for text in ("yEs", "1", "")] == [None] * 3


def test_lines_are_those_of_the_part_or_of_what_is_around_it() -> None:
    document = read("\na:\n  - x\n  - b: 1\n    c: {d: 2,\n      e: 3}\n")
    assert document.line(("a",)) == 2
    assert document.line(("a", 1, "b")) == 4
    assert document.line(("a", 1, "c", "e")) == 6
    assert document.line(("a", 1, "nothing", "here")) == 4
    assert document.line(()) == 2


def test_merged_mappings_give_way_to_what_is_said_beside_them() -> None:
    text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz: {<<: [*x, *y], c: 5}\nq: {'<<': 6}\n"
    assert read(text).value["z"] == {"a": "1", "b": "2", "c": "5"}
    assert read(text).value["q"] == {"<<": "6"}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: [", "2:1"),
        ("a: 1\nb: 2\na: 3\n", "3:1"),
        ("a: !thing 1\n", "1:4"),
        ("a: !!int '5'\n", "1:4"),
        ("? [a]\n: 1\n", "1:3"),
        ("a: &a [*a]\n", "1:4"),
        ("a: &a\n  <<: *a\n", ""),
        ("a: {<<: 5}\n", "1:9"),
        ("a: *b\n", "1:4"),
        ("a: \x01\n", ""),
        ("a:\n - " + "[" * 5000, "2:102"),
    ],
)
def test_what_is_no_document(text: str, place: str) -> None:
    with pytest.raises(InvalidStoreFile) as caught:
        read(text)
    [fault] = caught.value.faults
    assert fault.place.removeprefix("some.yaml").startswith(f":{place}" if place else "")


def test_a_few_aliases_cannot_blow_up() -> None:
    layers = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 10))
    with pytest.raises(InvalidStoreFile, match="more parts"):
        read("l0: &l0 [x]\n" + layers)


def test_a_few_merges_cannot_keep_the_reader_busy() -> None:
    layers = "".join(f"l{n}: &l{n} {{<<: [*l{n - 1}, *l{n - 1}]}}\n" for n in range(1, 25))
    for first in ("{}", "{a: 1}"):
        with pytest.raises(InvalidStoreFile, match="more parts"):
            read(f"l0: &l0 {first}\n{layers}")


def test_what_is_nested_deeper_than_the_machine_can_follow_is_told() -> None:
    """PyYAML's own reader takes a level of the machine's stack for each: it would end the process."""
    with pytest.raises(InvalidStoreFile, match="nested"):
        read("[" * 1_000_000)
