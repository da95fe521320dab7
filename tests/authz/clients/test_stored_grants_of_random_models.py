"""Random models over a table: whatever a model looks like, its predicate, the engine's list and each check are one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authz.clients.embedded import EmbeddedClient
from authz.clients.row_tuples import RowTuples
from authz.clients.sql.structure import ColumnEdge, Rows, Structure
from authz.clients.tuples import DatabaseTuples, insert
from authz.engine.check import batch_check
from authz.engine.evaluation import Evaluation
from authz.engine.list_objects import list_objects
from authz.engine.memory import MemoryTuples
from authz.engine.plan import grants_of
from authz.engine.typesystem import type_of, typesystem_of
from authz.errors import UnplannableRelation
from authz.models import RelationshipTuple
from authz.types import Asker, CheckRequest, ListObjectsRequest, TupleKey
from tests.authz.clients.replay import tell
from tests.authz.engine.random_models import OBJECTS, TUPLESETS, USERS, World, models, worlds

pytestmark = pytest.mark.django_db

EXAMPLES = 1500 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 25
PLACES = ("doc", "folder", "group")
"""Types of what a document may lie in."""
STRUCTURE = Structure(
    {"doc": Rows("test_doc", edges={"parent": tuple(ColumnEdge(kind, f"in_{kind}") for kind in PLACES)})}
)
DOCS = OBJECTS["doc"]
PLANNED = {"yes": 0, "no": 0}


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(world=worlds(models(conditions=False)), picked=st.lists(st.integers(0), min_size=len(DOCS), max_size=len(DOCS)))
def test_every_model_has_right_lists(world: World, picked: Sequence[int]) -> None:
    model = world.model
    kinds = typesystem_of(model).kinds["doc#parent"]
    edges: list[TupleKey] = []
    for number, (name, pick) in enumerate(zip(DOCS, picked, strict=True)):
        # A document lies in one before it, so that there is no ring; in something else; or nowhere.
        places = [*DOCS[:number], *OBJECTS["folder"], *OBJECTS["group"]]
        choices = [None, *(each for each in places if type_of(each) in kinds)]
        place = choices[pick % len(choices)]
        if place is not None:
            edges.append(TupleKey(place, "parent", name))
    stored = [key for key in world.tuples if (type_of(key.object), key.relation) not in STRUCTURE.edges()]
    fill(edges)
    RelationshipTuple.objects.all().delete()
    insert("default", stored, timezone.now())
    client = EmbeddedClient(model, clock=timezone.now, structure=STRUCTURE)
    everything = MemoryTuples([*stored, *edges])
    reader = RowTuples(DatabaseTuples("default", contexts=False), STRUCTURE, "default")
    for user in USERS:
        for relation in model.types["doc"].relations:
            if relation in TUPLESETS:
                continue
            verdicts = batch_check(model, everything, [CheckRequest(user, relation, name) for name in DOCS])
            expected = {name for name, allowed in zip(DOCS, verdicts, strict=True) if allowed}
            shown = [
                *predicate(client, user, relation),
                set(list_objects(model, reader, ListObjectsRequest(user, relation, "doc"))),
                checked(client, user, relation, tuple(edges)),
                planned(client, user, relation, edges, expected),
            ]
            if any(each != expected for each in shown):
                tell(model, everything, user, relation, dict(zip(DOCS, verdicts, strict=True)))
            assert shown == [expected] * len(shown), (user, relation)


def predicate(client: EmbeddedClient, user: str, relation: str) -> list[set[str]]:
    """What the two conditions find; the candidates have all of it."""
    sql = client.predicate(Asker(user), relation, "doc", "n")
    head, params = f"WITH RECURSIVE {sql.ctes.text} ", sql.ctes.params
    rows = "SELECT n.id FROM test_doc n WHERE "
    forms = sql.predicate
    of_row = fetched(head + rows + forms.of_row.text, (*params, *forms.of_row.params))
    of_all = fetched(head + rows + forms.of_all.text, (*params, *forms.of_all.params))
    assert of_row <= fetched(head + forms.candidates.text, (*params, *forms.candidates.params))
    return [of_row, of_all]


def checked(client: EmbeddedClient, user: str, relation: str, told: tuple[TupleKey, ...]) -> set[str]:
    verdicts = client.batch_check([CheckRequest(user, relation, name, told) for name in DOCS])
    return {name for name, allowed in zip(DOCS, verdicts, strict=True) if allowed}


def planned(client: EmbeddedClient, user: str, relation: str, edges: list[TupleKey], otherwise: set[str]) -> set[str]:
    """What the flags of a page say; ``otherwise`` where they are whole checks."""
    try:
        plan = client.page_plans(frozenset({("doc", relation)})).plans["doc", relation]
    except UnplannableRelation:
        PLANNED["no"] += 1
        return otherwise
    PLANNED["yes"] += 1
    names = [name for found in OBJECTS.values() for name in found]
    wanted = {(name, each) for type_name, each in grants_of(plan) for name in names if type_of(name) == type_name}
    told: dict[tuple[str, str], list[str]] = {}
    for key in edges:
        told.setdefault((key.object, key.relation), []).append(key.user)
    evaluation = Evaluation(client.granted(Asker(user), wanted), told)
    return {name for name in DOCS if evaluation.satisfies(name, plan)}


def test_many_of_them_are_planned() -> None:
    """Runs after the examples: a comparison in which the engine answers both sides would prove little."""
    assert PLANNED["yes"] > PLANNED["no"] / 4


def fill(edges: Iterable[TupleKey]) -> None:
    lies_in = {key.object: key.user for key in edges}
    columns = [f"in_{kind}" for kind in PLACES]
    rows = []
    for name in DOCS:
        place_type, _, place_id = lies_in.get(name, "").partition(":")
        rows.append((name.partition(":")[2], *(place_id if kind == place_type else None for kind in PLACES)))
    with connection.cursor() as cursor:
        defined = ", ".join(f"{column} text" for column in columns)
        cursor.execute(f"CREATE TABLE IF NOT EXISTS test_doc (id text PRIMARY KEY, {defined})")
        cursor.execute("DELETE FROM test_doc")
        cursor.executemany("INSERT INTO test_doc VALUES (%s, %s, %s, %s)", rows)


def fetched(text: str, params: Sequence[Any]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        return {f"doc:{name}" for (name,) in cursor.fetchall()}
