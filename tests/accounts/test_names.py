import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.errors import InvalidName
from accounts.names import MAX_LENGTH, clean_name, name_key


@given(st.text(max_size=40))
def test_a_name_is_kept_or_refused_and_its_key_is_stable(name: str) -> None:
    key = name_key(name)
    assert name_key(key) == key
    try:
        kept = clean_name(name)
    except InvalidName:
        return
    assert clean_name(kept) == kept == unicodedata.normalize("NFKC", name)
    assert name_key(kept) == key
    assert len(key) <= 4 * MAX_LENGTH
    assert not set(kept) & set(":#*/ \t\n")


@pytest.mark.parametrize("other", ["ANN", "\uff41nn", "Ann"])
def test_what_looks_alike_compares_equal(other: str) -> None:
    assert name_key("ann") == name_key(other)


def test_a_text_that_is_too_long_for_a_name_is_not_composed() -> None:
    # Out of order, so that composing has to sort them, which takes minutes for so many.
    marks = "a" + "\u0301\u0323" * 500_000
    assert name_key(marks) == marks
    with pytest.raises(InvalidName, match="more than 150 characters"):
        clean_name(marks)
