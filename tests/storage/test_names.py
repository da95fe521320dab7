from __future__ import annotations

import os
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import names
from storage.errors import InvalidName

FULL = os.environ.get("FILEGRAPH_TEST_SIZE") == "full"
HOSTILE = "/\\\x00\x1b\x7f\x85\u2028\u2029\u200e\u202e\u2067\ud800\udfff \t.\u200b\ufeffe\u0301\u0958\U0001f600"
hostile_names = st.text(st.sampled_from(HOSTILE) | st.characters(), max_size=300)


@settings(max_examples=10_000 if FULL else 500, deadline=None)
@given(hostile_names)
def test_a_name_is_kept_exactly_or_refused_with_a_sentence(name: str) -> None:
    try:
        key = names.checked(name)
    except InvalidName as error:
        refused = error.message
    else:
        refused = ""
    if refused:
        assert refused.endswith(".")
        assert refused.isprintable()
        return
    name.encode("utf-8")
    assert 0 < len(name) <= 255
    assert len(key) <= 1020
    assert not set(key) & set("/\\\x00\n\r")
    assert key not in ("", ".", "..")
    assert not any(unicodedata.category(c) == "Cc" or unicodedata.bidirectional(c) in _OVERRIDES for c in key)
    assert names.key(key) == key


_OVERRIDES = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "Résumé.pdf",
        "e\u0301.txt",
        " leading",
        "trailing ",
        "日本語",
        "👩‍👩‍👧",
        "...",
        "a..b",
        "CON",
        "x" * 255,
        "-rf",
        "%2f",
    ],
)
def test_ordinary_names_are_names(name: str) -> None:
    names.check(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "\u3000",
        "\u200b",
        ".",
        "..",
        "a/b",
        "a\\b",
        "a\x00",
        "a\nb",
        "\x7f",
        "\x9f",
        "\u2028",
        "cod\u202egpj.exe",
        "x" * 256,
        "\ud800",
        "a\u061cb",
        "\u2066",
    ],
)
def test_other_names_are_not(name: str) -> None:
    with pytest.raises(InvalidName):
        names.check(name)


def test_composed_and_decomposed_are_one_name_and_case_is_kept() -> None:
    assert names.key("e\u0301") == names.key("\u00e9")
    assert names.key("A") != names.key("a")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.txt", "a (2).txt"),
        ("a", "a (2)"),
        (".bashrc", ".bashrc (2)"),
        ("a.tar.gz", "a.tar (2).gz"),
        ("v. 2", "v. 2 (2)"),
    ],
)
def test_a_number_goes_before_the_extension(name: str, expected: str) -> None:
    assert names.numbered(name, 2) == expected


@settings(max_examples=100, deadline=None)
@given(hostile_names, st.integers(2, 10**9))
def test_a_numbered_name_is_a_name(name: str, number: int) -> None:
    try:
        names.check(name)
    except InvalidName:
        return
    names.check(names.numbered(name, number))


def test_a_text_that_is_too_long_for_a_name_is_not_composed() -> None:
    # Out of order, so that composing has to sort them, which takes minutes for so many.
    marks = "a" + "\u0301\u0323" * 500_000
    assert names.key(marks) == marks
    with pytest.raises(InvalidName):
        names.checked(marks)
