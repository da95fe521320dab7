"""What a server ought to have is read while writers are at work, and that comes to an end."""

from __future__ import annotations

from itertools import islice

import pytest

from authz.clients.openfga.desired import Desired
from authz.services import relationships
from authz.testing.contract import key
from authz.types import TupleKey

pytestmark = pytest.mark.django_db(transaction=True)


def written(name: str) -> list[TupleKey]:
    keys = [key(f"user:{name}-{number} viewer file:1") for number in range(100)]
    relationships.write(writes=keys)
    return keys


def test_the_record_ends_where_it_ended_when_it_began() -> None:
    there = [*written("a"), *written("b")]
    found: list[TupleKey] = []
    for number, (_, page) in enumerate(islice(Desired("default").recorded(0), 10)):
        written(f"meanwhile-{number}")
        found += page
    assert found == there


def test_it_goes_on_behind_a_row() -> None:
    first, second = written("a"), written("b")
    ((last, page),) = islice(Desired("default").recorded(0), 1)
    assert page == first
    assert [page for _, page in Desired("default").recorded(last)] == [second]
