from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filegraph.client.local_names import MAX_BYTES, NameRoster, UnsafeName, part_name, safe_name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "/etc/passwd", "..\\x", "C:\\x", "a\x00b", "a\nb", "\x1b[2J", "a\u2028b", "\ud800"]
)
def test_a_name_that_could_leave_the_destination_is_refused(name: str) -> None:
    with pytest.raises(UnsafeName):
        safe_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "...",
        ".bashrc",
        "ein Bild.jpg",
        "日本語.txt",
        "a\u200db",
        "naïve",
        "~x",
        "-rf",
        "film.part",
        "a.0123456.part",
    ],
)
def test_an_ordinary_name_stays(name: str) -> None:
    assert safe_name(name, windows=False) == name


@pytest.mark.parametrize("name", ["CON", "nul.txt", "a:b", "x.", "x ", "a?", "LPT1.log"])
def test_windows_refuses_more(name: str) -> None:
    assert safe_name(name, windows=False) == name
    with pytest.raises(UnsafeName):
        safe_name(name, windows=True)


def test_a_long_name_is_shortened_and_keeps_its_extension() -> None:
    first, second = safe_name("é" * 200 + "1.txt"), safe_name("é" * 200 + "2.txt")
    assert len(first.encode()) <= MAX_BYTES
    assert first.endswith(".txt")
    assert first != second


@given(st.text("ab.é", min_size=1, max_size=200), st.sampled_from(["0123abcd" * 8, "ABCDEF01" * 8]), st.booleans())
def test_no_name_is_that_of_a_partial_download(name: str, sha256: str, upper: bool) -> None:
    wanted = part_name(name, sha256)
    wanted = wanted.upper() if upper else wanted
    assert safe_name(wanted) != wanted
    assert not safe_name(wanted).lower().endswith(".part")


@given(st.text(max_size=300))
def test_every_name_is_refused_or_stays_inside(name: str) -> None:
    try:
        safe = safe_name(name, windows=False)
    except UnsafeName:
        return
    assert (Path("/top") / safe).parent == Path("/top")
    assert Path(safe).name == safe
    assert 0 < len(safe.encode()) <= MAX_BYTES


@given(
    st.lists(st.sampled_from(["a", "A", "a (2)", "A (2)", "é", "e\u0301", "a.txt", "A.txt", "ß", "SS"])), st.booleans()
)
def test_no_two_names_become_one(names: list[str], fold_case: bool) -> None:
    roster = NameRoster(fold_case=fold_case)
    claimed = [roster.claim(name) for name in names]
    assert len(set(claimed)) == len(names)
    if fold_case:
        assert len({name.casefold() for name in claimed}) == len(names)


def test_a_case_clash_keeps_both() -> None:
    folding, exact = NameRoster(fold_case=True), NameRoster(fold_case=False)
    assert [folding.claim(n) for n in ("Read.me", "read.ME")] == ["Read.me", "read (2).ME"]
    assert [exact.claim(n) for n in ("Read.me", "read.ME")] == ["Read.me", "read.ME"]
