"""Random models and questions, answered by OpenFGA's own engine (the ``fga`` tool, offline) and by ours.

A difference is shrunk and told as a store file. The figures are printed: ``pytest -s`` shows them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings

from tests.authz.engine.differential import Count, compare
from tests.authz.engine.random_models import World, worlds

FULL = os.environ.get("FILEGRAPH_TEST_SIZE") == "full"
PARTS = 4
"""Tests that the models are shared out to, so that several processors can take them."""
MODELS = 2000 if FULL else 200


@pytest.mark.slow
@pytest.mark.timeout(3 * 3600 if FULL else 900)
@pytest.mark.parametrize("part", range(PARTS))
def test_openfga_says_the_same(tmp_path: Path, part: int) -> None:
    total = Count()

    @seed(part)
    @settings(max_examples=MODELS // PARTS, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(worlds())
    def ask(world: World) -> None:
        contexts = world.contexts if FULL else world.contexts[:1]
        total.add(compare(World(world.model, world.tuples, contexts), tmp_path))

    ask()
    print(f"\n{total}")
    assert total.models >= MODELS // PARTS * 0.9
    assert total.excused.total() < total.decisions.total() / 50, total
