"""OpenFGA's own suites: every assertion holds, with tuples in memory, in the database, and brought along."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from django.utils import timezone

from authz.clients import tuples
from authz.clients.embedded import EmbeddedClient
from authz.dsl import parse
from authz.dsl.model import AuthorizationModel
from authz.engine.check import batch_check, check
from authz.engine.list_objects import list_objects
from authz.engine.list_users import list_users
from authz.engine.memory import MemoryTuples
from authz.errors import (
    AuthzError,
    InvalidRequest,
    InvalidTuple,
    ResolutionTooComplex,
    UnknownRelation,
    UnknownType,
)
from authz.models import RelationshipTuple
from authz.types import CheckRequest, ListObjectsRequest, ListUsersRequest, TupleKey
from tests.components.openfga_suites import FILES, Stage, stages, tuple_of

ERRORS = {
    2000: InvalidRequest,
    2002: ResolutionTooComplex,
    2021: UnknownType,
    2022: UnknownRelation,
    2027: InvalidTuple,
}
"""OpenFGA's codes. 2000 is "validation error"; where we are more precise that is one too."""

DEEPER = {"resolution_too_complex_throws_error"}
"""OpenFGA ends at 25 levels, we at 200."""

INLINE = "$expression"
"""Expressions that stand in tuples and not in the model: not in the language here."""

CONTEXTUAL_LIMIT = 100


class Memory:
    """The engine over tuples in memory; ``brought``: all of them are contextual."""

    def __init__(self, model: AuthorizationModel, keys: Sequence[TupleKey], *, brought: bool) -> None:
        self.model = model
        self.reader = MemoryTuples(() if brought else keys)
        self.more = tuple(keys) if brought else ()

    def check(self, request: CheckRequest) -> bool:
        return check(self.model, self.reader, request)

    def batch_check(self, requests: Sequence[CheckRequest]) -> list[bool]:
        return batch_check(self.model, self.reader, requests)

    def list_objects(self, request: ListObjectsRequest) -> list[str]:
        return list_objects(self.model, self.reader, request)

    def list_users(self, request: ListUsersRequest) -> list[str]:
        return list_users(self.model, self.reader, request)


Engine = Memory | EmbeddedClient


class Run:
    """One stage on one engine: counts what is asserted and collects what does not hold."""

    def __init__(self, stage: Stage, engine: Engine, more: tuple[TupleKey, ...]) -> None:
        self.stage = stage
        self.engine = engine
        self.more = more
        self.count: Counter[str] = Counter()
        self.wrong: list[str] = []

    def all(self) -> None:
        for kind, ask in (("check", self.check), ("listObjects", self.objects), ("listUsers", self.users)):
            for assertion in self.stage.assertions(kind):
                self.count[kind] += 1
                code = assertion.get("errorCode")
                expected = assertion.get("expectation")
                found: object
                try:
                    found = ask(assertion, assertion.get("context") or {})
                    right = not code and found == (sorted(expected or []) if isinstance(found, list) else expected)
                except AuthzError as error:
                    found, right = repr(error), code is not None and isinstance(error, ERRORS[code])
                if not right:
                    self.wrong.append(f"{self.stage.test} {kind} {assertion}: {found}")

    def brought(self, assertion: Mapping[str, Any]) -> tuple[TupleKey, ...]:
        return self.more + tuple(map(tuple_of, assertion.get("contextualTuples") or []))

    def check(self, assertion: Mapping[str, Any], context: Mapping[str, Any]) -> bool:
        key = tuple_of(assertion["tuple"])
        return self.engine.check(CheckRequest(key.user, key.relation, key.object, self.brought(assertion), context))

    def objects(self, assertion: Mapping[str, Any], context: Mapping[str, Any]) -> list[str]:
        asked, brought = assertion["request"], self.brought(assertion)
        user, relation = asked["user"], asked["relation"]
        found = self.engine.list_objects(ListObjectsRequest(user, relation, asked["type"], brought, context))
        assert all(self.engine.batch_check([CheckRequest(user, relation, name, brought, context) for name in found]))
        return sorted(found)

    def users(self, assertion: Mapping[str, Any], context: Mapping[str, Any]) -> list[str]:
        asked, brought = assertion["request"], self.brought(assertion)
        name, relation = asked["object"], asked["relation"]
        found: list[str] = []
        for kind in asked["filters"]:
            user_type, _, userset = kind.partition("#")
            request = ListUsersRequest(name, relation, user_type, userset or None, brought, context)
            found += self.engine.list_users(request)
        assert all(self.engine.batch_check([CheckRequest(user, relation, name, brought, context) for user in found]))
        return sorted(found)


def run_suite(
    file: str, make: Callable[[Stage, AuthorizationModel], tuple[Engine, tuple[TupleKey, ...]] | None]
) -> int:
    """Run every stage and return how many assertions there were."""
    count: Counter[str] = Counter()
    wrong: list[str] = []
    for stage in stages(file):
        if INLINE in stage.model or stage.test in DEEPER:
            continue
        made = make(stage, parse(stage.model))
        if made is not None:
            run = Run(stage, *made)
            run.all()
            count += run.count
            wrong += run.wrong
    assert wrong == []
    return count.total()


@pytest.mark.parametrize(("file", "least"), [(FILES[0], 900), (FILES[1], 250)])
def test_in_memory(file: str, least: int) -> None:
    assert run_suite(file, lambda stage, model: (Memory(model, stage.tuples, brought=False), ())) >= least


@pytest.mark.parametrize(("file", "least"), [(FILES[0], 700), (FILES[1], 250)])
def test_brought_along(file: str, least: int) -> None:
    def make(stage: Stage, model: AuthorizationModel) -> tuple[Engine, tuple[TupleKey, ...]] | None:
        if not stage.single or len(stage.tuples) > CONTEXTUAL_LIMIT:
            return None
        engine = Memory(model, stage.tuples, brought=True)
        return engine, engine.more

    assert run_suite(file, make) >= least


@pytest.mark.django_db
@pytest.mark.parametrize(("file", "least"), [(FILES[0], 900), (FILES[1], 250)])
def test_in_the_database(file: str, least: int) -> None:
    def make(stage: Stage, model: AuthorizationModel) -> tuple[Engine, tuple[TupleKey, ...]]:
        RelationshipTuple.objects.all().delete()
        tuples.insert("default", stage.tuples, timezone.now())
        return EmbeddedClient(model, clock=timezone.now), ()

    assert run_suite(file, make) >= least
