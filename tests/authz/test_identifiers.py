"""Ids are of one form, never twice the same, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from authz.engine.names import is_object
from authz.identifiers import ALPHABET, LENGTH, is_identifier, new_identifier


def test_ids_use_all_of_their_alphabet_in_every_place() -> None:
    found = [new_identifier() for _ in range(2000)]
    assert len(set(found)) == len(found)
    for value in found[:20]:
        assert is_identifier(value)
        assert is_object(f"file:{value}")
    assert all(set(column) == set(ALPHABET) for column in zip(*found, strict=True))


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0" * (LENGTH - 1),
        "0" * (LENGTH + 1),
        "A" * LENGTH,
        "0" * (LENGTH - 1) + "\n",
        "\u0660" * LENGTH,
        "i" * LENGTH,
    ],
)
def test_what_is_no_id(value: str) -> None:
    assert not is_identifier(value)
