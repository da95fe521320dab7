"""An explanation agrees with check, a proof holds by its own tuples, and a missing grant turns a denial."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, given, settings

from authz.dsl.model import AuthorizationModel
from authz.engine.check import check
from authz.engine.explain import Explanation, explain, tuples_of
from authz.engine.memory import MemoryTuples
from authz.types import CheckRequest, TupleKey
from tests.authz.engine.random_models import USERS, askable, worlds

SIZE = 20 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 1
examples = settings(
    max_examples=60 * SIZE,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
SUBJECTS = [*USERS, "user:unknown", "user:*", "group:1#member"]


@examples
@given(worlds())
def test_explanations_of_random_models(world: tuple[AuthorizationModel, list[TupleKey]]) -> None:
    model, tuples = world
    reader = MemoryTuples(tuples)
    for user in SUBJECTS:
        for relation, name in askable(model):
            request = CheckRequest(user, relation, name)
            found = explain(model, reader, request)
            assert found.allowed == check(model, reader, request), request
            if found.allowed:
                require_minimal(model, tuples, found, request)
            for grants in found.missing:
                assert not set(grants) & set(tuples)
                assert check(model, MemoryTuples([*tuples, *grants]), request), (request, grants)
            for block in found.blocks:
                assert block[0].holds
                assert set(tuples_of(block)) <= set(tuples)


def require_minimal(
    model: AuthorizationModel, tuples: list[TupleKey], found: Explanation, request: CheckRequest
) -> None:
    first = found.proof[0]
    assert (first.object, first.relation, first.holds) == (request.object, request.relation, True)
    used = tuples_of(found.proof)
    assert set(used) <= set(tuples)
    assert check(model, MemoryTuples(used), request), (request, used)
