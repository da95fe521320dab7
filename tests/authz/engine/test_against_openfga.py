"""Random models and questions, answered by OpenFGA's own engine (the ``fga`` tool, offline) and by ours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings

from authz.dsl import parse, to_text
from authz.errors import InvalidModel
from tests.authz.engine.differential import Count, compare
from tests.authz.engine.random_models import World, worlds

FULL = os.environ.get("FILEGRAPH_TEST_SIZE") == "full"
MODELS = 2000 if FULL else 200


@pytest.mark.timeout(4 * 3600 if FULL else 120)
def test_openfga_says_the_same(tmp_path: Path) -> None:
    total = Count()

    @settings(max_examples=MODELS * 10, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(worlds())
    def ask(world: World) -> None:
        if total.models >= MODELS:
            return
        assume(world.tuples)
        try:
            model = parse(to_text(world.model))
        except InvalidModel:
            assume(False)
        total.add(compare(World(model, world.tuples, world.contexts), tmp_path))

    ask()
    print(f"\n{total}")
