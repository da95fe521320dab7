"""The statements of the tuple table give what the same tuples in memory give, however many are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authz.clients import tuples
from authz.clients.sql.dialect import FEW
from authz.engine.memory import MemoryTuples
from authz.engine.reader import Found, ObjectQuery, SubjectQuery
from authz.models import RelationshipTuple
from authz.types import RelationshipCondition, TupleKey

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
OBJECTS = ["folder:a", "folder:b", "file:a", 'file:%s"']
RELATIONS = ["viewer", "editor"]
USERS = ["user:a", "user:b", "user:*", "group:g#member", "group:g#admin"]
CONDITIONS = [RelationshipCondition("until", {"end": "2026-01-02T00:00:00Z"}), RelationshipCondition("always")]
SUBJECTS = st.builds(
    SubjectQuery, st.sampled_from(OBJECTS), st.sampled_from(RELATIONS), st.none() | st.sampled_from(USERS)
)
REVERSE = st.builds(
    ObjectQuery, st.sampled_from(["folder", "file"]), st.sampled_from(RELATIONS), st.sampled_from(USERS)
)


@st.composite
def stored_keys(draw: st.DrawFn) -> list[TupleKey]:
    """Tuples of which some carry a condition, each under its own name once."""
    bare = st.builds(TupleKey, st.sampled_from(USERS), st.sampled_from(RELATIONS), st.sampled_from(OBJECTS))
    keys = draw(st.lists(bare, max_size=12, unique=True))
    return [replace(key, condition=draw(st.none() | st.sampled_from(CONDITIONS))) for key in keys]


def shown(answers: Sequence[Sequence[Found]], *, contexts: bool) -> list[list[str]]:
    """Return answers in a form that can be sorted; without ``contexts`` only the names of conditions."""
    return [
        sorted(f"{name} {condition.name} {dict(condition.context) if contexts else ''}" if condition else name
               for name, condition in found)
        for found in answers
    ]  # fmt: skip


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stored_keys(), st.lists(SUBJECTS, max_size=2 * FEW), st.lists(REVERSE, max_size=5), st.booleans())
def test_any_number_of_queries(
    keys: list[TupleKey], subjects: list[SubjectQuery], reverse: list[ObjectQuery], contexts: bool
) -> None:
    RelationshipTuple.objects.all().delete()
    tuples.insert("default", keys, NOW)
    stored, memory = tuples.DatabaseTuples("default", contexts=contexts), MemoryTuples(keys)
    for queries in (subjects, subjects * (FEW // max(1, len(subjects)) + 2)):
        expected = shown(memory.subjects(queries), contexts=contexts)
        assert shown(stored.subjects(queries), contexts=contexts) == expected
    assert shown(stored.objects(reverse), contexts=contexts) == shown(memory.objects(reverse), contexts=contexts)
