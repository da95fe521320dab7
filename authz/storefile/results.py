"""What came of running store files, and how it is counted: as OpenFGA's tool counts, assertion by assertion."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeAlias

from authz.types import CheckRequest, ListObjectsRequest, ListUsersRequest

Request: TypeAlias = CheckRequest | ListObjectsRequest | ListUsersRequest
Answer: TypeAlias = bool | tuple[str, ...]
"""What a check says, or what a list holds, sorted (a name that stands twice counts twice)."""


class Kind(Enum):
    """What is asked, by the name of its part of a store file."""

    CHECK = "check"
    LIST_OBJECTS = "list_objects"
    LIST_USERS = "list_users"


_KINDS = {CheckRequest: Kind.CHECK, ListObjectsRequest: Kind.LIST_OBJECTS, ListUsersRequest: Kind.LIST_USERS}


@dataclass(frozen=True, slots=True)
class AssertionResult:
    """One question, what was expected, and what came; ``error`` (its code and detail) instead of ``got`` if it failed.

    ``line`` is the assertion's in the store file.
    """

    request: Request
    expected: Answer
    got: Answer | None
    line: int = 0
    error: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the answer is the expected one. An error never is."""
        return self.error is None and self.got == self.expected

    @property
    def kind(self) -> Kind:
        """What was asked."""
        return _KINDS[type(self.request)]

    @property
    def question(self) -> str:
        """The question in words of the model: ``user:ann viewer doc:1``."""
        asked = self.request
        if isinstance(asked, CheckRequest):
            return f"{asked.user} {asked.relation} {asked.object}"
        if isinstance(asked, ListObjectsRequest):
            return f"{asked.user} {asked.relation} every {asked.type}"
        userset = "" if asked.user_relation is None else f"#{asked.user_relation}"
        return f"every {asked.user_type}{userset} {asked.relation} {asked.object}"


@dataclass(frozen=True, slots=True)
class TestResult:
    """The assertions of one test, in the order of the file."""

    __test__ = False  # not a pytest class

    name: str
    description: str
    assertions: tuple[AssertionResult, ...]

    @property
    def passed(self) -> bool:
        """Whether every assertion holds; a test without any passes, as it does in OpenFGA's tool."""
        return all(item.passed for item in self.assertions)

    @property
    def failed(self) -> tuple[AssertionResult, ...]:
        """The assertions with another answer than expected, or none."""
        return tuple(item for item in self.assertions if not item.passed)


@dataclass(frozen=True, slots=True)
class StoreResult:
    """All tests of a store file, in its order."""

    file: Path
    name: str
    tests: tuple[TestResult, ...]

    @property
    def assertions(self) -> tuple[AssertionResult, ...]:
        """The assertions of all tests."""
        return tuple(item for test in self.tests for item in test.assertions)

    @property
    def failed(self) -> tuple[AssertionResult, ...]:
        """The assertions with another answer than expected, or none."""
        return tuple(item for test in self.tests for item in test.failed)

    @property
    def passed(self) -> bool:
        """Whether every assertion holds."""
        return not self.failed


@dataclass(frozen=True, slots=True)
class Tally:
    """How many there are, and how many of them pass."""

    passing: int
    total: int

    @classmethod
    def of(cls, outcomes: Iterable[bool]) -> Tally:
        """Count outcomes."""
        known = list(outcomes)
        return cls(sum(known), len(known))


def tally_tests(results: Iterable[StoreResult]) -> Tally:
    """Count the tests of several files."""
    return Tally.of(test.passed for result in results for test in result.tests)


def tally(results: Iterable[StoreResult], kind: Kind) -> Tally:
    """Count the assertions of a kind in several files."""
    return Tally.of(item.passed for result in results for item in result.assertions if item.kind is kind)
