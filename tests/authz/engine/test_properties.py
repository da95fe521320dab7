"""Check, lists and reference agree on random models: conditions, exclusions, wildcards, usersets and cycles."""

from __future__ import annotations

import contextlib
import os

from hypothesis import HealthCheck, given, settings

from authz.engine.check import batch_check, check
from authz.engine.list_objects import list_objects
from authz.engine.list_users import list_users
from authz.engine.memory import MemoryTuples
from authz.errors import ConditionFailed
from authz.types import CheckRequest, ListObjectsRequest, ListUsersRequest
from tests.authz.engine.random_models import BOTS, GROUPS, OBJECTS, SUBJECTS, USERS, World, askable, worlds
from tests.authz.engine.reference import Failed, Reference, TooManySteps

SIZE = 20 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 1
examples = settings(
    max_examples=30 * SIZE,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


class Asked:
    """A world under its first context, asked by the engine; None stands for a condition that could not be decided."""

    def __init__(self, world: World) -> None:
        self.model = world.model
        self.context = world.contexts[0]
        self.reader = MemoryTuples(world.tuples)

    def check(self, user: str, relation: str, name: str) -> bool | None:
        try:
            return check(self.model, self.reader, CheckRequest(user, relation, name, context=self.context))
        except ConditionFailed:
            return None

    def objects(self, user: str, relation: str, type_name: str) -> list[str] | None:
        try:
            request = ListObjectsRequest(user, relation, type_name, context=self.context)
            return list_objects(self.model, self.reader, request)
        except ConditionFailed:
            return None

    def users(self, name: str, relation: str, type_name: str, userset: str | None = None) -> list[str] | None:
        try:
            request = ListUsersRequest(name, relation, type_name, userset, context=self.context)
            return list_users(self.model, self.reader, request)
        except ConditionFailed:
            return None


@examples
@given(worlds())
def test_check_is_openfgas_recursion(world: World) -> None:
    asked = Asked(world)
    for user in SUBJECTS:
        reference = Reference(world.model, world.tuples, user, asked.context, typed=True)
        for relation, name in askable(world.model):
            expected: bool | None
            try:
                expected = reference.check(relation, name)
            except Failed:
                expected = None
            except TooManySteps:
                continue
            assert asked.check(user, relation, name) == expected, (user, relation, name)


@examples
@given(worlds())
def test_the_batch_answers_as_single_checks(world: World) -> None:
    asked = Asked(world)
    questions = [(user, *question) for user in SUBJECTS for question in askable(world.model)]
    decided = [question for question in questions if asked.check(*question) is not None]
    requests = [CheckRequest(*question, context=asked.context) for question in decided]
    answers = batch_check(world.model, asked.reader, requests)
    assert answers == [asked.check(*question) for question in decided]


@examples
@given(worlds())
def test_contextual_tuples_count_as_stored_ones(world: World) -> None:
    asked = Asked(world)
    stored, brought = MemoryTuples(world.tuples[::2]), tuple(world.tuples[1::2])
    for relation, name in askable(world.model):
        request = CheckRequest("user:a", relation, name, brought, asked.context)
        expected = asked.check("user:a", relation, name)
        answer: bool | None = None
        with contextlib.suppress(ConditionFailed):
            answer = check(world.model, stored, request)
        assert answer == expected, (relation, name)


@examples
@given(worlds())
def test_list_objects_is_every_object_that_checks_or_an_error(world: World) -> None:
    asked = Asked(world)
    for user in ("user:a", "user:*", *BOTS, "group:1#member"):
        for type_name, names in OBJECTS.items():
            for relation in world.model.types[type_name].relations:
                verdicts = {name: asked.check(user, relation, name) for name in sorted(names)}
                found = asked.objects(user, relation, type_name)
                # A check fails by a way that may lead nowhere; a list comes from the other end and never sees it.
                if found is None:
                    assert None in verdicts.values(), (user, relation, type_name)
                else:
                    assert found == [name for name, allowed in verdicts.items() if allowed], (user, relation, type_name)


@examples
@given(worlds())
def test_list_users_is_every_user_who_checks_or_an_error(world: World) -> None:
    asked = Asked(world)
    for relation, name in askable(world.model):
        for type_name, named in (("user", USERS), ("bot", BOTS)):
            verdicts = {user: asked.check(user, relation, name) for user in named}
            everybody = asked.check(f"{type_name}:unknown", relation, name)
            found = asked.users(name, relation, type_name)
            if found is None:
                assert None in [*verdicts.values(), everybody], (relation, name)
                continue
            assert (f"{type_name}:*" in found) == (everybody is True), (relation, name)
            assert set(found) - {f"{type_name}:*"} <= {user for user, allowed in verdicts.items() if allowed}
            assert everybody or set(found) == {user for user, allowed in verdicts.items() if allowed}
        usersets = asked.users(name, relation, "group", "member")
        group_verdicts = [asked.check(user, relation, name) for user in GROUPS]
        if usersets is None:
            # What cannot be decided may concern a userset that no tuple names.
            elsewhere = asked.check("group:unknown#member", relation, name)
            assert None in [*group_verdicts, elsewhere], (relation, name)
        else:
            assert usersets == [user for user, allowed in zip(GROUPS, group_verdicts, strict=True) if allowed]
