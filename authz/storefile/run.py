"""Asks the embedded engine every question of a store file. No database, no client: tuples in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from authz.engine.check import check
from authz.engine.list_objects import list_objects
from authz.engine.list_users import list_users
from authz.engine.memory import MemoryTuples
from authz.errors import AuthzError
from authz.storefile.document import DocumentPath
from authz.storefile.entries import CheckEntry, ListObjectsEntry, ListUsersEntry
from authz.storefile.results import Answer, AssertionResult, Request, StoreResult, TestResult
from authz.storefile.store import Store, StoreTest, read_store
from authz.types import CheckRequest, ListObjectsRequest, ListUsersRequest


def run_store_file(file: Path, *, external: bool = False) -> StoreResult:
    """Run every assertion of a store file; with ``external`` it may name files outside of its own folder.

    An error of a question is a failed assertion. Raises InvalidStoreFile, and OSError when ``file`` cannot be opened.
    """
    return run_store(read_store(file, external=external))


def run_store(store: Store) -> StoreResult:
    """Run every assertion of a store file that was read."""
    results = []
    for index, test in enumerate(store.tests):
        assertions = tuple(_Run(store, test, ("tests", index)).results())
        results.append(TestResult(test.entry.name, test.entry.description, assertions))
    return StoreResult(store.document.file, store.name, tuple(results))


class _Run:
    def __init__(self, store: Store, test: StoreTest, path: DocumentPath) -> None:
        self._store = store
        self._entry = test.entry
        self._path = path
        self._reader = MemoryTuples(test.tuples)

    def results(self) -> Iterator[AssertionResult]:
        for index, checks in enumerate(self._entry.check):
            yield from self._checks(checks, (*self._path, "check", index, "assertions"))
        for index, objects in enumerate(self._entry.list_objects):
            yield from self._object_lists(objects, (*self._path, "list_objects", index, "assertions"))
        for index, users in enumerate(self._entry.list_users):
            yield from self._user_lists(users, (*self._path, "list_users", index, "assertions"))

    def _checks(self, entry: CheckEntry, path: DocumentPath) -> Iterator[AssertionResult]:
        for user in entry.asked_users:
            for object_name in entry.asked_objects:
                for relation, expected in entry.assertions.items():
                    request = CheckRequest(user, relation, object_name, context=entry.context)
                    ask = partial(check, self._store.model, self._reader, request)
                    yield self._result(request, expected, ask, (*path, relation))

    def _object_lists(self, entry: ListObjectsEntry, path: DocumentPath) -> Iterator[AssertionResult]:
        for relation, expected in entry.assertions.items():
            request = ListObjectsRequest(entry.user, relation, entry.type, context=entry.context)
            ask = partial(list_objects, self._store.model, self._reader, request)
            yield self._result(request, tuple(sorted(expected)), ask, (*path, relation))

    def _user_lists(self, entry: ListUsersEntry, path: DocumentPath) -> Iterator[AssertionResult]:
        [wanted] = entry.user_filter
        for relation, expected in entry.assertions.items():
            request = ListUsersRequest(entry.object, relation, wanted.type, wanted.relation, context=entry.context)
            ask = partial(list_users, self._store.model, self._reader, request)
            yield self._result(request, tuple(sorted(expected.users)), ask, (*path, relation))

    def _result(
        self, request: Request, expected: Answer, ask: Callable[[], bool | list[str]], path: DocumentPath
    ) -> AssertionResult:
        line = self._store.document.line(path)
        try:
            answer = ask()
        except AuthzError as error:
            return AssertionResult(request, expected, None, line, f"{error.code}: {error}")
        return AssertionResult(request, expected, answer if isinstance(answer, bool) else tuple(sorted(answer)), line)
