from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from authz.errors import AuthorizationUnavailable, AuthzError, InvalidTuple, ResolutionTooComplex
from storage.errors import StorageError, TokenExpired
from transfer import errors
from transfer.errors import STATUS, TransferError, status_of

Kind = TypeVar("Kind", TransferError, StorageError, AuthzError)


def tree(root: type[Kind]) -> Iterator[type[Kind]]:
    yield root
    for kind in root.__subclasses__():
        yield from tree(kind)


KINDS: list[type[TransferError] | type[StorageError] | type[AuthzError]] = [
    *tree(TransferError),
    *tree(StorageError),
    *tree(AuthzError),
]


def test_every_error_has_a_status_of_its_own_or_of_its_base() -> None:
    for kind in KINDS:
        status = status_of(kind.__new__(kind))
        assert 400 <= status < 600


def test_a_class_without_an_entry_has_its_base_s() -> None:
    assert TokenExpired not in STATUS
    assert status_of(TokenExpired()) == STATUS[TokenExpired.__mro__[1]] == 403


def test_what_authz_could_not_decide_is_never_the_client_s_fault() -> None:
    assert [status_of(error) for error in (AuthorizationUnavailable(), ResolutionTooComplex())] == [503, 503]
    assert status_of(InvalidTuple()) == status_of(AuthzError()) == 500


def test_codes_are_unique_within_the_trees() -> None:
    # Some errors of authz tell an editor of the model apart what is one thing to a client.
    codes = [kind.code for kind in KINDS if "code" in vars(kind)]
    assert len(codes) == len(set(codes))
    assert all("code" in vars(kind) for kind in KINDS if not issubclass(kind, AuthzError))


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    assert errors.__doc__ is not None
    drawn = [line.split()[1] for line in errors.__doc__.splitlines() if line.lstrip().startswith(("├──", "└──"))]
    assert drawn == [kind.__name__ for kind in tree(TransferError)][1:]
