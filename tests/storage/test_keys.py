from __future__ import annotations

import pytest

from storage import keys
from storage.errors import InvalidArgument


def test_a_key_is_made_of_random_parts_alone() -> None:
    assert keys.attempt_key("", "abcdef", 3) == "ab/abcdef-3"
    assert keys.attempt_key("team/x", "abcdef", 1) == "team/x/ab/abcdef-1"


@pytest.mark.parametrize("prefix", ["", "a", "a/b", "A-1_b"])
def test_a_prefix_is_plain(prefix: str) -> None:
    keys.check_prefix(prefix)


@pytest.mark.parametrize("prefix", ["/", "a/", "/a", "a//b", "..", "a/../b", "a b", "é", "x" * 101, "a\x00", "a\n"])
def test_a_prefix_is_nothing_else(prefix: str) -> None:
    with pytest.raises(InvalidArgument):
        keys.check_prefix(prefix)
