import pytest
from hypothesis import given
from hypothesis import strategies as st

from filegraph.client.addresses import Address, parse_address
from filegraph.client.errors import UsageFault

FOLDER = "folder_" + "a" * 26


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("work:/", Address("work", (), contents=True)),
        ("work:", Address("work", (), contents=True)),
        ("work:/a/b.txt", Address("work", ("a", "b.txt"))),
        ("work:a/b", Address("work", ("a", "b"))),
        ("work:/a//b/", Address("work", ("a", "b"), contents=True)),
        ("a:b:/c", Address("a:b", ("c",))),
        ("my drive:/x y", Address("my drive", ("x y",))),
        (FOLDER, Address(FOLDER)),
        (f"{FOLDER}:/x", Address(FOLDER, ("x",))),
    ],
)
def test_spelling(text: str, expected: Address) -> None:
    assert parse_address(text) == expected


@pytest.mark.parametrize("text", ["", "work", "/a/b", ":/a", "work:/a/../b", "work:/./a", "work:/.."])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageFault):
        parse_address(text)


def test_an_id_is_told_from_a_name() -> None:
    assert parse_address(FOLDER).root_is_id
    assert parse_address(f"{FOLDER}:/x").root_is_id
    assert not parse_address("folder_1:/x").root_is_id


_segment = st.text(min_size=1, max_size=20).filter(lambda s: "/" not in s and s not in (".", ".."))
_root = st.text(min_size=1, max_size=10).filter(lambda s: ":" not in s)


@given(_root, st.lists(_segment, max_size=4))
def test_text_and_address_are_one(root: str, segments: list[str]) -> None:
    parsed = parse_address(str(Address(root, tuple(segments))))
    assert (parsed.root, parsed.segments) == (root, tuple(segments))
