"""Random models and questions, answered by OpenFGA's own engine (the ``fga`` tool, offline) and by ours."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from authz.dsl import parse, to_text
from authz.dsl.model import AuthorizationModel
from authz.engine.check import check
from authz.engine.list_objects import list_objects
from authz.engine.list_users import list_users
from authz.engine.memory import MemoryTuples
from authz.errors import InvalidModel
from authz.types import CheckRequest, ListObjectsRequest, ListUsersRequest, TupleKey
from tests.authz.engine.random_models import OBJECTS, USERS, askable, worlds
from tests.authz.engine.reference import Reference, TooManySteps
from tests.components.fga import run

MODELS = 800 if os.environ.get("FILEGRAPH_TEST_SIZE") == "full" else 20
BATCH = 40

REFUSED = "Code(2056)"
"""The server refuses some models that the language's own validator accepts; they prove nothing here."""

World = tuple[AuthorizationModel, list[TupleKey]]


def random_worlds(count: int) -> list[World]:
    """Return worlds whose model is valid, tuples included."""
    found: list[World] = []

    @settings(
        max_examples=count * 5,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(worlds())
    def collect(world: World) -> None:
        model, tuples = world
        if len(found) >= count or not tuples:
            return
        try:
            found.append((parse(to_text(model)), tuples))
        except InvalidModel:
            return

    collect()
    return found


def certain(world: World, user: str, relation: str, name: str) -> bool | None:
    """Return the answer, or None where OpenFGA's own depends on which branch of a cycle it happens to see first.

    None too where there are too many branches to tell.
    """
    try:
        answers = {
            Reference(*world, user, follow_groups=follow, hasty=hasty).check(relation, name)
            for follow in (True, False)
            for hasty in (True, False)
        }
    except TooManySteps:
        return None
    return answers.pop() if len(answers) == 1 else None


def store_file(world: World) -> dict[str, Any]:
    """Return a store file with our answers as its assertions."""
    model, tuples = world
    reader = MemoryTuples(tuples)
    questions = [question for question in askable(model) if question[0] != "parent"]
    checks = []
    unsure: set[tuple[str, str]] = set()
    for user in [*USERS, "user:unknown", "group:1#member"]:
        for relation, name in questions:
            if certain(world, user, relation, name) is None:
                unsure.add((relation, name))
                continue
            answer = check(model, reader, CheckRequest(user, relation, name))
            checks.append({"user": user, "object": name, "assertions": {relation: answer}})
    objects = []
    for type_name, names in OBJECTS.items():
        for relation in model.types[type_name].relations:
            if relation != "parent" and not any((relation, name) in unsure for name in names):
                listed = list_objects(model, reader, ListObjectsRequest("user:a", relation, type_name))
                objects.append({"user": "user:a", "type": type_name, "assertions": {relation: listed}})
    # OpenFGA's ListUsers forgets a user with a tuple of her own where another branch excludes her; its check does not.
    exact = "but not" not in to_text(model)
    users = []
    for relation, name in questions:
        found = list_users(model, reader, ListUsersRequest(name, relation, "user"))
        if exact and "user:*" not in found and (relation, name) not in unsure:
            filters = [{"type": "user"}]
            users.append({"object": name, "user_filter": filters, "assertions": {relation: {"users": found}}})
    test = {"name": "random", "check": checks, "list_objects": objects, "list_users": users}
    keys = [{"user": key.user, "relation": key.relation, "object": key.object} for key in tuples]
    return {"name": "random", "model": to_text(model), "tuples": keys, "tests": [test]}


def differences(folder: Path) -> tuple[list[str], int]:
    """Return what the tool says otherwise, and how many models it refuses.

    One model it refuses ends a whole run, hence the second, one by one.
    """
    if run("model", "test", "--tests", folder / "*.fga.yaml").returncode == 0:
        return [], 0
    found: list[str] = []
    refused = 0
    for file in sorted(folder.glob("*.fga.yaml")):
        done = run("model", "test", "--tests", file)
        if REFUSED in done.stderr + done.stdout:
            refused += 1
        elif done.returncode:
            found.append(f"{file}\n{done.stdout}{done.stderr}")
    return found, refused


def test_openfga_says_the_same(tmp_path: Path) -> None:
    generated = random_worlds(MODELS)
    asserted = refused = 0
    for start in range(0, len(generated), BATCH):
        folder = tmp_path / str(start)
        folder.mkdir()
        for number, world in enumerate(generated[start : start + BATCH]):
            content = store_file(world)
            asserted += sum(len(content["tests"][0][part]) for part in ("check", "list_objects", "list_users"))
            (folder / f"{number}.fga.yaml").write_text(json.dumps(content))
        found, here = differences(folder)
        assert not found
        refused += here
    assert asserted > MODELS * 20
    assert refused < MODELS / 2, "most models were refused by the tool: too little was compared"
