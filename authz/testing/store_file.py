"""Runs ``store.fga.yaml`` files on the embedded engine: the same files that ``fga model test`` runs.

The engine is asked directly, over tuples in memory: no database and no client. The format is
``authz.testing.store_format``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from authz.dsl.model import AuthorizationModel
from authz.engine.check import check
from authz.engine.list_objects import list_objects
from authz.engine.list_users import list_users
from authz.engine.memory import MemoryTuples
from authz.engine.typesystem import typesystem_of
from authz.errors import AuthzError
from authz.testing.store_format import (
    CheckEntry,
    InvalidStoreFile,
    ListObjectsEntry,
    ListUsersEntry,
    TestEntry,
    read_store_file,
)
from authz.types import CheckRequest, ListObjectsRequest, ListUsersRequest, TupleKey

__all__ = ["AssertionResult", "InvalidStoreFile", "StoreResult", "run_store_file"]

Answer = bool | frozenset[str]
"""What a check says, or what a list holds (order does not count)."""


@dataclass(frozen=True, slots=True)
class AssertionResult:
    """One question of a store file, what was expected, and what came; ``error`` instead of ``got`` when it failed."""

    test: str
    kind: Literal["check", "list_objects", "list_users"]
    question: str
    expected: Answer
    got: Answer | None
    error: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the answer is the expected one."""
        return self.error is None and self.got == self.expected


@dataclass(frozen=True, slots=True)
class StoreResult:
    """All assertions of a store file, in its order."""

    name: str
    assertions: tuple[AssertionResult, ...]

    @property
    def failed(self) -> tuple[AssertionResult, ...]:
        """The assertions with another answer than expected, or none."""
        return tuple(item for item in self.assertions if not item.passed)

    @property
    def passed(self) -> bool:
        """Whether every assertion holds."""
        return not self.failed

    def count(self, kind: Literal["check", "list_objects", "list_users"]) -> int:
        """Return how many assertions of a kind there are."""
        return sum(item.kind == kind for item in self.assertions)


def run_store_file(path: Path) -> StoreResult:
    """Run every assertion of a store file.

    Raises InvalidStoreFile for a file of another shape, InvalidModel for its model, and InvalidTuple for a tuple that
    the model does not allow; an error of a question is a failed assertion.
    """
    store = read_store_file(path)
    folder = path.parent
    model = store.authorization_model(folder)
    shared = store.keys(folder)
    results = [result for test in store.tests for result in _Run(model, test, [*shared, *test.keys(folder)]).results()]
    return StoreResult(store.name, tuple(results))


class _Run:
    """One test of a store file with the tuples that count for it."""

    def __init__(self, model: AuthorizationModel, test: TestEntry, tuples: list[TupleKey]) -> None:
        typesystem = typesystem_of(model)
        for key in tuples:
            typesystem.require_tuple(key)
        self.model = model
        self.test = test
        self.reader = MemoryTuples(tuples)

    def results(self) -> Iterator[AssertionResult]:
        for check_entry in self.test.check:
            yield from self._checks(check_entry)
        for objects_entry in self.test.list_objects:
            yield from self._object_lists(objects_entry)
        for users_entry in self.test.list_users:
            yield from self._user_lists(users_entry)

    def _checks(self, entry: CheckEntry) -> Iterator[AssertionResult]:
        users = _one_or_several(entry.user, entry.users, "user")
        objects = _one_or_several(entry.object, entry.objects, "object")
        for user in users:
            for object_name in objects:
                for relation, expected in entry.assertions.items():
                    request = CheckRequest(user, relation, object_name, context=entry.context)
                    question = f"{user} {relation} {object_name}"
                    got, error = _answer(partial(check, self.model, self.reader, request))
                    yield AssertionResult(self.test.name, "check", question, expected, got, error)

    def _object_lists(self, entry: ListObjectsEntry) -> Iterator[AssertionResult]:
        for relation, expected in entry.assertions.items():
            request = ListObjectsRequest(entry.user, relation, entry.type, context=entry.context)
            question = f"{entry.user} {relation} every {entry.type}"
            got, error = _answer(partial(list_objects, self.model, self.reader, request))
            yield AssertionResult(self.test.name, "list_objects", question, frozenset(expected), got, error)

    def _user_lists(self, entry: ListUsersEntry) -> Iterator[AssertionResult]:
        [wanted] = entry.user_filter
        for relation, expected in entry.assertions.items():
            request = ListUsersRequest(entry.object, relation, wanted.type, wanted.relation, context=entry.context)
            asked = wanted.type if wanted.relation is None else f"{wanted.type}#{wanted.relation}"
            question = f"every {asked} {relation} {entry.object}"
            got, error = _answer(partial(list_users, self.model, self.reader, request))
            yield AssertionResult(self.test.name, "list_users", question, frozenset(expected.users), got, error)


def _one_or_several(one: str | None, several: tuple[str, ...], noun: str) -> tuple[str, ...]:
    if (one is None) == (not several):
        raise InvalidStoreFile(f"a check has either {noun} or {noun}s")
    return several if one is None else (one,)


def _answer(ask: Callable[[], bool | list[str]]) -> tuple[Answer | None, str | None]:
    try:
        answer = ask()
    except AuthzError as error:
        return None, f"{error.code}: {error}"
    return (answer if isinstance(answer, bool) else frozenset(answer)), None
