from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from storage.errors import StorageError, TokenExpired
from transfer import errors
from transfer.errors import STATUS, TransferError, status_of

Kind = TypeVar("Kind", TransferError, StorageError)


def tree(root: type[Kind]) -> Iterator[type[Kind]]:
    yield root
    for kind in root.__subclasses__():
        yield from tree(kind)


KINDS: list[type[TransferError] | type[StorageError]] = [*tree(TransferError), *tree(StorageError)]


def test_every_error_has_a_status_of_its_own_or_of_its_base() -> None:
    for kind in KINDS:
        status = status_of(kind.__new__(kind))
        assert 400 <= status < 600


def test_a_class_without_an_entry_has_its_base_s() -> None:
    assert TokenExpired not in STATUS
    assert status_of(TokenExpired()) == STATUS[TokenExpired.__mro__[1]] == 403


def test_codes_are_unique_within_both_trees() -> None:
    codes = [kind.code for kind in KINDS]
    assert len(codes) == len(set(codes))


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    assert errors.__doc__ is not None
    drawn = [line.split()[1] for line in errors.__doc__.splitlines() if line.lstrip().startswith(("├──", "└──"))]
    assert drawn == [kind.__name__ for kind in tree(TransferError)][1:]
