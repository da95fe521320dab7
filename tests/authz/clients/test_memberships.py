"""The short cut of memberships answers as the walk through the groups does, whatever stands under a condition."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings

from authz.clients import tuples
from authz.clients.embedded import EmbeddedClient
from authz.clients.memberships import DatabaseMemberships
from authz.clients.sql.structure import NO_STRUCTURE
from authz.dsl import parse
from authz.engine.check import check
from authz.engine.memory import MemoryTuples
from authz.errors import ConditionFailed
from authz.models import RelationshipTuple
from authz.types import CheckRequest, RelationshipCondition, TupleKey
from tests.authz.engine.doubtful_worlds import World, doubtful_worlds
from tests.authz.engine.random_models import USERS, askable

pytestmark = pytest.mark.django_db

TEXT = """model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type team
  relations
    define member: [user, group#member, team#member, user with late]
type club
  relations
    define member: [user, team#member]
type doc
  relations
    define viewer: [group#member, team#member with late, club#member]
condition late(x: int) {
  x < 10
}
"""


def answer(ask: CheckRequest, client: EmbeddedClient | None, world: World) -> bool | None:
    try:
        return client.check(ask) if client else check(world[0], MemoryTuples(world[1]), ask)
    except ConditionFailed:
        return None


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(doubtful_worlds())
def test_the_database_answers_as_memory_does(world: World) -> None:
    model, keys = world
    RelationshipTuple.objects.all().delete()
    tuples.insert("default", keys, timezone.now())
    client = EmbeddedClient(model, clock=timezone.now)
    for user in (*USERS, "group:1#member"):
        for relation, name in askable(model):
            request = CheckRequest(user, relation, name)
            assert answer(request, client, world) is answer(request, None, world), request


def test_a_relation_that_a_condition_may_lead_into_is_walked() -> None:
    reader = tuples.DatabaseTuples("default", contexts=True)
    assert DatabaseMemberships(parse(TEXT), reader, NO_STRUCTURE, "default").nodes == {"group#member"}


def test_groups_without_conditions_cost_one_statement() -> None:
    client = EmbeddedClient(parse(TEXT), clock=timezone.now)
    chain = [TupleKey(f"group:{level}#member", "member", f"group:{level + 1}") for level in range(30)]
    client.write(
        writes=[*chain, TupleKey("user:a", "member", "group:0"), TupleKey("group:30#member", "viewer", "doc:1")]
    )
    with CaptureQueriesContext(connection) as queries:
        assert client.check(CheckRequest("user:a", "viewer", "doc:1"))
    assert len(queries) == 2
    late = RelationshipCondition("late")
    client.write(writes=[TupleKey("user:b", "member", "team:1", late), TupleKey("team:1#member", "member", "club:1")])
    client.write(writes=[TupleKey("club:1#member", "viewer", "doc:1")])
    assert client.check(CheckRequest("user:b", "viewer", "doc:1", (), {"x": 1}))
    assert not client.check(CheckRequest("user:b", "viewer", "doc:1", (), {"x": 10}))
