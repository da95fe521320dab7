"""Check, lists and reference agree on random models: exclusions, wildcards, usersets and cycles of every sort."""

from __future__ import annotations

import contextlib
import os

from hypothesis import HealthCheck, given, settings

from authz.dsl.model import AuthorizationModel
from authz.engine.check import batch_check, check
from authz.engine.list_objects import list_objects
from authz.engine.list_users import list_users
from authz.engine.memory import MemoryTuples
from authz.types import CheckRequest, ListObjectsRequest, ListUsersRequest, TupleKey
from tests.authz.engine.random_models import OBJECTS, USERS, askable, worlds
from tests.authz.engine.reference import Reference, TooManySteps

World = tuple[AuthorizationModel, list[TupleKey]]

SIZE = 20 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 1
examples = settings(
    max_examples=50 * SIZE,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
SUBJECTS = [*USERS, "user:unknown", "user:*", "group:1#member", "doc:2#viewer"]


@examples
@given(worlds())
def test_check_is_openfgas_recursion(world: World) -> None:
    model, tuples = world
    requests = [CheckRequest(user, *question) for user in SUBJECTS for question in askable(model)]
    answers = batch_check(model, MemoryTuples(tuples), requests)
    for request, answer in zip(requests, answers, strict=True):
        with contextlib.suppress(TooManySteps):
            expected = Reference(model, tuples, request.user).check(request.relation, request.object)
            assert answer == expected, request


@examples
@given(worlds())
def test_one_check_answers_as_the_batch_and_contextual_tuples_as_stored_ones(world: World) -> None:
    model, tuples = world
    stored = MemoryTuples(tuples[::2])
    context = tuple(tuples[1::2])
    questions = askable(model)
    whole = batch_check(model, MemoryTuples(tuples), [CheckRequest("user:a", *question) for question in questions])
    for question, answer in zip(questions, whole, strict=True):
        assert check(model, stored, CheckRequest("user:a", *question, contextual_tuples=context)) == answer


@examples
@given(worlds())
def test_list_objects_is_every_object_that_checks(world: World) -> None:
    model, tuples = world
    reader = MemoryTuples(tuples)
    for user in ("user:a", "user:*", "group:1#member"):
        for type_name, names in OBJECTS.items():
            for relation in model.types[type_name].relations:
                expected = [name for name in names if check(model, reader, CheckRequest(user, relation, name))]
                assert list_objects(model, reader, ListObjectsRequest(user, relation, type_name)) == expected


@examples
@given(worlds())
def test_list_users_is_every_user_who_checks(world: World) -> None:
    model, tuples = world
    reader = MemoryTuples(tuples)
    for relation, name in askable(model):
        found = list_users(model, reader, ListUsersRequest(name, relation, "user"))
        expected = {user for user in USERS if check(model, reader, CheckRequest(user, relation, name))}
        everybody = check(model, reader, CheckRequest("user:unknown", relation, name))
        assert ("user:*" in found) == everybody
        assert set(found) - {"user:*"} <= expected
        assert everybody or set(found) == expected
        usersets = list_users(model, reader, ListUsersRequest(name, relation, "group", "member"))
        candidates = [f"{group}#member" for group in OBJECTS["group"]]
        assert usersets == [user for user in candidates if check(model, reader, CheckRequest(user, relation, name))]
