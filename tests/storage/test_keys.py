from __future__ import annotations

import pytest

from storage import keys
from storage.errors import InvalidArgument


def test_a_key_is_made_of_random_parts_alone() -> None:
    assert keys.attempt_key("", "abcdef", 3) == "ab/abcdef-3"
    assert keys.attempt_key("team/x", "abcdef", 1) == "team/x/ab/abcdef-1"


STAGING = "br0wjrt0pp5d8hhsmv83s89tek"
"""Fixed: the processes of a test run have to name the same tests."""


@pytest.mark.parametrize("prefix", ["", "team", "team/x", "A-1_b/c"])
@pytest.mark.parametrize("attempt", [1, 23])
def test_a_key_tells_the_upload_that_it_was_made_for(prefix: str, attempt: int) -> None:
    assert keys.staging_key_of(keys.attempt_key(prefix, STAGING, attempt)) == STAGING


@pytest.mark.parametrize(
    "key",
    [
        "", "is-it-there", f"probe/{STAGING}", f"{STAGING}-1", f"zz/aa{STAGING[2:]}-1", f"{STAGING[:2]}/{STAGING}",
        f"{STAGING[:2]}/{STAGING}-1/more", f"{STAGING[:2]}/{STAGING}-x", f"{STAGING[:2]}/{STAGING}-1\n", "ab/abc-1",
    ],
)  # fmt: skip
def test_other_keys_are_not_ours(key: str) -> None:
    assert keys.staging_key_of(key) is None


@pytest.mark.parametrize("prefix", ["", "a", "a/b", "A-1_b"])
def test_a_prefix_is_plain(prefix: str) -> None:
    keys.check_prefix(prefix)


@pytest.mark.parametrize("prefix", ["/", "a/", "/a", "a//b", "..", "a/../b", "a b", "é", "x" * 101, "a\x00", "a\n"])
def test_a_prefix_is_nothing_else(prefix: str) -> None:
    with pytest.raises(InvalidArgument):
        keys.check_prefix(prefix)
