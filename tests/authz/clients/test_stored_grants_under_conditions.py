"""Grants and memberships under conditions: predicate, flags and whole check are one answer, or fail together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authz.clients.embedded import EmbeddedClient
from authz.clients.tuples import insert
from authz.dsl import parse
from authz.dsl.model import AuthorizationModel, Relation, TypeDefinition, TypeRestriction
from authz.engine.check import batch_check
from authz.engine.evaluation import Evaluation
from authz.engine.memory import MemoryTuples
from authz.engine.plan import grants_of
from authz.engine.typesystem import kind_of, type_of, typesystem_of
from authz.errors import ConditionFailed, UnplannableRelation
from authz.models import RelationshipTuple
from authz.services.shipped_model import shipped_model
from authz.types import Asker, CheckRequest, RelationshipCondition, TupleKey
from tests.authz.clients.replay import tell
from tests.authz.clients.test_stored_grants import recursive_models
from tests.authz.clients.tree import ACTORS, STRUCTURE, Tree, create_tables, grants, listed, trees

pytestmark = pytest.mark.django_db

EXAMPLES = 400 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 10
examples = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=False)
NOW = {"current_time": "2026-03-01T12:00:00.500000Z"}
CONDITIONS = parse(
    """model
  schema 1.1
type user
type thing
  relations
    define held: [user with before, user with after, user with since, user with at_home, user with small]

condition before(current_time: timestamp, expires_at: timestamp) {
  current_time < expires_at
}

condition after(start: timestamp, current_time: timestamp) {
  current_time >= start
}

condition since(current_time: timestamp, start: timestamp) {
  start <= current_time
}

condition at_home(address: ipaddress, network: string) {
  address.in_cidr(network)
}

condition small(size: int) {
  size < 3
}
"""
).conditions
TIMES = [
    "2026-03-01T12:00:00.5Z",
    "2026-03-01T12:00:00.500000Z",
    "2026-03-01T12:00:00.500001Z",
    "2026-03-01T12:00:00.4999999Z",
    "2026-03-01T12:00:00Z",
    "2026-03-01T12:00:01Z",
    "2026-03-01T13:00:00.5+01:00",
    "2026-03-01T13:00:01+01:00",
    "2028-02-29T00:00:00Z",
    "2024-02-29T23:59:59.999Z",
    "0001-01-01T00:00:01Z",
    "9999-12-31T23:59:59Z",
]
SOME = ["member", "assignee", "viewer", "editor", "owner", "blocked", "held_by", "quarantined", "project", "parent"]


@st.composite
def conditional(draw: st.DrawFn, model: AuthorizationModel) -> AuthorizationModel:
    """The model, whose direct lists allow what they allow under conditions as well, or only so."""
    types = {}
    for type_name, definition in model.types.items():
        relations = dict(definition.relations)
        for name, relation in definition.relations.items():
            told = (type_name, name) in STRUCTURE.edges()
            if name in SOME and relation.restrictions and not told and draw(st.booleans()):
                relations[name] = Relation(name, relation.rewrite, draw(restrictions(relation.restrictions)))
        types[type_name] = TypeDefinition(type_name, relations)
    return replace(model, types=types, conditions=CONDITIONS)


@st.composite
def restrictions(draw: st.DrawFn, plain: tuple[TypeRestriction, ...]) -> tuple[TypeRestriction, ...]:
    found: list[TypeRestriction] = []
    for each in plain:
        names = draw(st.lists(st.sampled_from(sorted(CONDITIONS)), max_size=3, unique=True))
        found += [replace(each, condition=name) for name in names]
        if not names or draw(st.booleans()):
            found.append(each)
    return tuple(found)


@st.composite
def contexts(draw: st.DrawFn, name: str) -> Mapping[str, Any]:
    """What a tuple carries; now and then not all of what its condition needs."""
    if draw(st.integers(0, 11)) == 0:
        return {}
    if name == "small":
        return {"size": draw(st.integers(1, 5))}
    if name == "at_home":
        return {"network": draw(st.sampled_from(["10.0.0.0/8", "192.168.0.0/16"]))}
    own = {"before": "expires_at", "after": "start", "since": "start"}[name]
    found = {own: draw(st.sampled_from(TIMES))}
    if draw(st.integers(0, 9)) == 0:
        found["current_time"] = draw(st.sampled_from(TIMES))
    return found


@st.composite
def conditional_grants(draw: st.DrawFn, model: AuthorizationModel, tree: Tree) -> list[TupleKey]:
    found = []
    types = typesystem_of(model)
    for key in draw(grants(model, tree)):
        node = f"{type_of(key.object)}#{key.relation}"
        choices = [name for kind, name in types.entries(node) if kind == kind_of(key.user)]
        name = draw(st.sampled_from(choices))
        condition = RelationshipCondition(name, draw(contexts(name))) if name else None
        found.append(replace(key, condition=condition))
    return found


def whole_check(model: AuthorizationModel, reader: MemoryTuples, request: CheckRequest) -> bool | None:
    """The answer of the engine over tuples in memory; None where it hangs on a condition that cannot be evaluated."""
    try:
        return batch_check(model, reader, [request])[0]
    except ConditionFailed:
        return None


def whatever_fails(model: AuthorizationModel, reader: MemoryTuples, question: CheckRequest) -> bool:
    """The answer that does not hang on the conditions that fail, though a check ends at them; it has to be the same."""
    circumstances = typesystem_of(model).conditions.under(question.context)
    sure, failing = [], []
    for key in reader:
        try:
            if key.condition is None or circumstances.met(key.condition):
                sure.append(replace(key, condition=None))
        except ConditionFailed:
            failing.append(replace(key, condition=None))
    free = unconditional(model)
    found = set()
    for mask in range(2 ** min(len(failing), 6)):
        held = [key for place, key in enumerate(failing) if mask >> place & 1]
        found.add(batch_check(free, MemoryTuples([*sure, *held]), [replace(question, context={})])[0])
    (answer,) = found
    return answer


def unconditional(model: AuthorizationModel) -> AuthorizationModel:
    """The model that allows without a condition what it allows under one."""
    types = {
        name: TypeDefinition(
            name,
            {
                each.name: replace(
                    each,
                    restrictions=tuple(dict.fromkeys(replace(entry, condition=None) for entry in each.restrictions)),
                )
                for each in definition.relations.values()
            },
        )
        for name, definition in model.types.items()
    }
    return replace(model, types=types, conditions={})


def compare(
    model: AuthorizationModel,
    tree: Tree,
    tuples: list[TupleKey],
    asked: Mapping[str, list[str]],
    context: Mapping[str, Any],
) -> None:
    client = EmbeddedClient(model, clock=timezone.now, structure=STRUCTURE)
    RelationshipTuple.objects.all().delete()
    insert("default", tuples, timezone.now())
    reader = MemoryTuples([*tuples, *tree.structure_tuples(model)])
    with tree.stored():
        for actor in ACTORS:
            for type_name, relations in asked.items():
                names = [name for name in tree.objects() if name.startswith(f"{type_name}:")]
                for relation in relations:
                    questions = [CheckRequest(actor, relation, name, (), context) for name in names]
                    verdicts = [whole_check(model, reader, question) for question in questions]
                    open_ones = {name for name, verdict in zip(names, verdicts, strict=True) if verdict is None}
                    try:
                        sql = client.predicate(Asker(actor, (), context), relation, type_name, "n")
                        shown = [listed(sql, type_name), flags(client, tree, questions)]
                    except ConditionFailed:
                        assert open_ones
                        continue
                    expected = {name for name, verdict in zip(names, verdicts, strict=True) if verdict}
                    for question in questions:
                        if question.object in open_ones and whatever_fails(model, reader, question):
                            expected.add(question.object)
                    if shown != [expected, expected]:
                        tell(model, reader, actor, relation, dict(zip(names, verdicts, strict=True)), context)
                    assert shown == [expected, expected], (actor, relation)


def flags(client: EmbeddedClient, tree: Tree, questions: list[CheckRequest]) -> set[str]:
    """What a page would show, by its own way or, where that fails, by whole checks."""
    told = tuple(tree.structure_tuples(client.model))
    found = set()
    for question in questions:
        node = (type_of(question.object), question.relation)
        try:
            plan = client.page_plans(frozenset({node})).plans[node]
            reached = [question.object, "organization:o", *tree.objects()]
            wanted = {(each, r) for t, r in grants_of(plan) for each in reached if type_of(each) == t}
            granted = client.granted(Asker(question.user, (), question.context), wanted)
            verdict = Evaluation(granted, tree.edges()).satisfies(question.object, plan)
        except (UnplannableRelation, ConditionFailed):
            verdict = client.check(replace(question, contextual_tuples=told))
        if verdict:
            found.add(question.object)
    return found


@examples
@given(st.data())
def test_conditions_in_the_shipped_model(data: st.DataObject) -> None:
    create_tables()
    model = data.draw(conditional(shipped_model()))
    tree = data.draw(trees())
    asked = {"folder": ["can_view"], "file": ["can_view", "can_download"]}
    address = data.draw(st.sampled_from([{}, {"address": "10.1.2.3"}]))
    compare(model, tree, data.draw(conditional_grants(model, tree)), asked, {**NOW, **address})


@examples
@given(st.data())
def test_conditions_in_recursive_models(data: st.DataObject) -> None:
    create_tables()
    model = data.draw(conditional(data.draw(recursive_models())))
    tree = data.draw(trees())
    tuples = data.draw(conditional_grants(model, tree))
    compare(model, tree, tuples, {"folder": ["odd"], "file": ["odd"]}, {**NOW, "address": "10.1.2.3"})


def simple(condition: str) -> AuthorizationModel:
    shipped = shipped_model()
    file_type, group = shipped.types["file"].relations, shipped.types["group"].relations
    viewers = (*file_type["viewer"].restrictions, TypeRestriction("user", condition=condition))
    members = (*group["member"].restrictions, TypeRestriction("user", condition=condition))
    changed = {
        "file": TypeDefinition("file", {**file_type, "viewer": replace(file_type["viewer"], restrictions=viewers)}),
        "group": TypeDefinition("group", {**group, "member": replace(group["member"], restrictions=members)}),
    }
    return replace(shipped, types={**shipped.types, **changed}, conditions=CONDITIONS)


FILES = Tree(["d1"], {}, {f"i{number}": (None, "d1") for number in range(len(TIMES))})


@pytest.mark.parametrize("condition", ["before", "after", "since"])
def test_times_are_compared_to_the_microsecond_and_by_one_statement_more(condition: str) -> None:
    create_tables()
    own = "expires_at" if condition == "before" else "start"
    model = simple(condition)
    keys = [
        TupleKey("user:a", "viewer", f"file:i{number}", RelationshipCondition(condition, {own: time}))
        for number, time in enumerate(TIMES)
    ]
    compare(model, FILES, keys, {"file": ["can_view"]}, NOW)
    client = EmbeddedClient(model, clock=timezone.now, structure=STRUCTURE)
    with FILES.stored():
        with CaptureQueriesContext(connection) as queries:
            found = listed(client.predicate(Asker("user:a", (), NOW), "can_view", "file", "n"), "file")
        assert len(queries) == 1 + 3  # listed() runs three
        times = {f"file:i{number}" for number, time in enumerate(TIMES) if time in LATER}
        assert found == times if condition == "before" else found.isdisjoint(times)


LATER = {
    "2026-03-01T12:00:00.500001Z",
    "2026-03-01T12:00:01Z",
    "2026-03-01T13:00:01+01:00",
    "2028-02-29T00:00:00Z",
    "9999-12-31T23:59:59Z",
}


def test_a_membership_that_has_expired_grants_nothing() -> None:
    create_tables()
    model = simple("before")
    client = EmbeddedClient(model, clock=timezone.now, structure=STRUCTURE)
    grant = TupleKey("group:1#member", "viewer", "file:i1")
    ends = {"user:a": "2026-03-01T12:00:01Z", "user:b": "2026-03-01T12:00:00Z", "user:c": "2026-03-01T14:00:00+01:00"}
    members = [
        TupleKey(user, "member", "group:1", RelationshipCondition("before", {"expires_at": end}))
        for user, end in ends.items()
    ]
    insert("default", [grant, *members], timezone.now())
    with FILES.stored():
        for user, seen in (("user:a", {"file:i1"}), ("user:b", set()), ("user:c", {"file:i1"})):
            assert listed(client.predicate(Asker(user, (), NOW), "can_view", "file", "n"), "file") == seen
            assert client.granted(Asker(user, (), NOW), [("file:i1", "viewer")]) == {(name, "viewer") for name in seen}


def test_what_does_not_fit_the_model_any_more_counts_for_nothing() -> None:
    """As to the engine: a context with another key, or a text where there has to be a time."""
    create_tables()
    stale: list[dict[str, Any]] = [
        {"expires_at": "2030-01-01T00:00:00Z", "other": 1},
        {"expires_at": "2030-02-30T00:00:00Z"},
        {"expires_at": 5},
    ]
    keys = [
        TupleKey("user:a", "viewer", f"file:i{number}", RelationshipCondition("before", context))
        for number, context in enumerate(stale)
    ]
    compare(simple("before"), FILES, keys, {"file": ["can_view"]}, NOW)
    client = EmbeddedClient(simple("before"), clock=timezone.now, structure=STRUCTURE)
    with FILES.stored():
        assert listed(client.predicate(Asker("user:a", (), NOW), "can_view", "file", "n"), "file") == set()


def test_a_model_without_conditions_pays_nothing() -> None:
    client = EmbeddedClient(shipped_model(), clock=timezone.now, structure=STRUCTURE)
    with CaptureQueriesContext(connection) as queries:
        sql = client.predicate(Asker("user:a", (), NOW), "can_view", "file", "n")
    assert not queries
    assert "told" not in sql.ctes.text
