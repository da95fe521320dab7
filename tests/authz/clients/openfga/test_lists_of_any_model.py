"""Models that recurse, hold usersets of the tree or cannot be planned: an OpenFGA server's lists are right as well."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authz.clients.openfga.client import OpenFGAClient
from authz.dsl import parse
from authz.dsl.entrypoints import circular, unreachable
from authz.dsl.model import AuthorizationModel
from authz.engine.check import batch_check
from authz.engine.memory import MemoryTuples
from authz.models import RelationshipTuple, TupleChange
from authz.types import CheckRequest, TupleKey
from tests.authz.clients.replay import tell
from tests.authz.clients.test_stored_grants import TIED, recursive_models
from tests.authz.clients.tree import (
    ACTORS,
    STRUCTURE,
    Tree,
    by_plan,
    by_sql,
    create_tables,
    grants,
    hold_whole_questions,
    trees,
)

MakeClient = Callable[..., OpenFGAClient]

EXAMPLES = 200 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 5
TOLERATED = [each for each in HealthCheck if each is not HealthCheck.filter_too_much]
"""Not that most models are left out."""


def is_taken(model: AuthorizationModel) -> bool:
    """Tell whether the server takes a drawn model: these are the rules of ours that such a model may break there."""
    return not unreachable(model) and not any(map(circular, model.types.values()))


@pytest.mark.django_db
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=TOLERATED)
@given(data=st.data())
def test_lists_and_flags_equal_whole_checks(openfga_client: MakeClient, data: st.DataObject) -> None:
    create_tables()
    model = data.draw(recursive_models().filter(is_taken))
    tree = data.draw(trees())
    tuples = data.draw(grants(model, tree))
    client = openfga_client(model, STRUCTURE)
    RelationshipTuple.objects.all().delete()
    TupleChange.objects.all().delete()
    if tuples:
        client.write(writes=tuples)
    reader = MemoryTuples([*tuples, *tree.structure_tuples(model)])
    with tree.stored():
        for actor in data.draw(st.lists(st.sampled_from(ACTORS[:4]), min_size=1, max_size=2, unique=True)):
            for type_name in ("folder", "file"):
                names = [name for name in tree.objects() if name.startswith(f"{type_name}:")]
                verdicts = batch_check(model, reader, [CheckRequest(actor, "odd", name) for name in names])
                expected = {name for name, allowed in zip(names, verdicts, strict=True) if allowed}
                shown = [
                    by_sql(client, actor, "odd", type_name, []),
                    by_plan(client, tree, actor, "odd", names, []),
                ]
                if shown != [expected, expected]:
                    tell(model, reader, actor, "odd", dict(zip(names, verdicts, strict=True)))
                assert shown == [expected, expected], actor
                hold_whole_questions(client, tree, actor, "odd", dict(zip(names, verdicts, strict=True)), [])


@pytest.mark.django_db
def test_whole_questions_read_the_places_that_nobody_can_tell(openfga_client: MakeClient) -> None:
    create_tables()
    tree = Tree(["d1"], {"top": (None, "d1"), "inner": ("top", "d1")}, {"f": (None, "d1"), "deep": ("inner", "d1")})
    client = openfga_client(parse(TIED), STRUCTURE)
    client.write(
        writes=[TupleKey("folder:inner#can_view", "viewer", "file:f"), TupleKey("user:a", "viewer", "folder:top")]
    )
    with tree.stored():
        for actor in ("user:a", "user:b"):
            expected = dict.fromkeys(["file:f", "file:deep"], actor == "user:a")
            hold_whole_questions(client, tree, actor, "can_view", expected, [])
