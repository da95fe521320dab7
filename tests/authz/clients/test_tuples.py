"""The statements of the tuple table give what the same tuples in memory give, however many are asked for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authz.clients import tuples
from authz.clients.sql.dialect import FEW
from authz.engine.memory import MemoryTuples
from authz.engine.reader import ObjectQuery, SubjectQuery
from authz.models import RelationshipTuple
from authz.types import TupleKey

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
OBJECTS = ["folder:a", "folder:b", "file:a", 'file:%s"']
RELATIONS = ["viewer", "editor"]
USERS = ["user:a", "user:b", "user:*", "group:g#member", "group:g#admin"]
KEYS = st.builds(TupleKey, st.sampled_from(USERS), st.sampled_from(RELATIONS), st.sampled_from(OBJECTS))
SUBJECTS = st.builds(
    SubjectQuery, st.sampled_from(OBJECTS), st.sampled_from(RELATIONS), st.none() | st.sampled_from(USERS)
)
REVERSE = st.builds(
    ObjectQuery, st.sampled_from(["folder", "file"]), st.sampled_from(RELATIONS), st.sampled_from(USERS)
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(KEYS, max_size=12, unique=True), st.lists(SUBJECTS, max_size=2 * FEW), st.lists(REVERSE, max_size=5))
def test_any_number_of_queries(keys: list[TupleKey], subjects: list[SubjectQuery], reverse: list[ObjectQuery]) -> None:
    RelationshipTuple.objects.all().delete()
    tuples.insert("default", keys, NOW)
    stored, memory = tuples.DatabaseTuples("default"), MemoryTuples(keys)
    for queries in (subjects, subjects * (FEW // max(1, len(subjects)) + 2)):
        expected = [sorted(found) for found in memory.subjects(queries)]
        assert [sorted(found) for found in stored.subjects(queries)] == expected
    assert [sorted(found) for found in stored.objects(reverse)] == [sorted(found) for found in memory.objects(reverse)]
