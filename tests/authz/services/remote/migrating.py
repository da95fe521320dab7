"""What the tests of a migration write, and what they look at."""

from __future__ import annotations

from authz.models import RelationshipTuple
from authz.services import relationships
from authz.testing.contract import key
from authz.types import TupleKey


class Killed(BaseException):
    """As a process is: nothing catches it."""


def grants(count: int) -> list[TupleKey]:
    return [key(f"user:u{number} viewer file:{number % 50}") for number in range(count)]


def write(keys: list[TupleKey]) -> None:
    for start in range(0, len(keys), 100):
        relationships.write(writes=keys[start : start + 100])


def record() -> set[TupleKey]:
    rows = RelationshipTuple.objects.all()
    return {TupleKey(row.subject, row.relation, f"{row.object_type}:{row.object_id}") for row in rows}
