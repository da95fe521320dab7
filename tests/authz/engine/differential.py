"""One world, asked everything that can be asked of it, by OpenFGA's own engine (the ``fga`` tool, offline) and by ours.

Both run the same store file, so that whatever differs can be replayed by anybody: ``fga model test --tests FILE`` and
``filegraph authz test FILE``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from authz.dsl import to_text
from authz.storefile.results import Kind
from authz.storefile.run import run_store_file
from tests.authz.engine.random_models import BOTS, GROUPS, OBJECTS, SUBJECTS, TUPLESETS, USERS, World, askable
from tests.authz.engine.reference import TooManySteps, possible_answers
from tests.components import fga

REFUSED = "Code(2056)"
"""The server refuses some models that the language's own validator accepts; they prove nothing here."""

LISTERS = ["user:a", "user:A", "bot:a", "group:1#member"]
FILTERS: list[dict[str, str]] = [{"type": "user"}, {"type": "bot"}, {"type": "group", "relation": "member"}]
NAMED = {"user": USERS, "bot": BOTS, "group#member": GROUPS}
"""Whom a list of users can name, by its filter."""

Answer = bool | tuple[str, ...] | None
"""None: an error."""


@dataclass
class Count:
    """What was compared, and what could not be."""

    models: int = 0
    refused: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)

    def add(self, other: Count) -> None:
        self.models += other.models
        self.refused += other.refused
        self.decisions += other.decisions
        self.excused += other.excused

    def __str__(self) -> str:
        asked = ", ".join(f"{name} {number}" for name, number in sorted(self.decisions.items()))
        left = ", ".join(f"{name}: {number}" for name, number in sorted(self.excused.items())) or "none"
        return (
            f"{self.models} models (and {self.refused} that OpenFGA refuses), {self.decisions.total()} decisions"
            f" ({asked}); left out: {left}"
        )


class Different(AssertionError):
    """The engines differ; the message has the questions and the whole store file."""


def store_file(world: World) -> dict[str, Any]:
    """Return a store file that asks everything. Nothing is expected in earnest: the answers are compared instead."""
    contexts = [dict(each) for each in world.contexts]
    relations: dict[str, list[str]] = {}
    for relation, name in askable(world.model):
        relations.setdefault(name, []).append(relation)
    checks = [
        {"user": user, "object": name, "context": context, "assertions": dict.fromkeys(asked, True)}
        for context in contexts
        for user in SUBJECTS
        for name, asked in relations.items()
    ]
    object_lists = [
        {"user": user, "type": kind, "context": context, "assertions": {item: [] for item in _relations(world, kind)}}
        for context in contexts
        for user in LISTERS
        for kind in OBJECTS
    ]
    user_lists = [
        {
            "object": name,
            "user_filter": [each],
            "context": context,
            "assertions": {item: {"users": []} for item in asked},
        }
        for context in contexts
        for name, asked in relations.items()
        for each in FILTERS
    ]
    test = {"name": "random", "check": checks, "list_objects": object_lists, "list_users": user_lists}
    return {"name": "random", "model": to_text(world.model), "tuples": _tuples(world), "tests": [test]}


def _relations(world: World, kind: str) -> list[str]:
    return [name for name in world.model.types[kind].relations if name not in TUPLESETS]


def _tuples(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for key in world.tuples:
        entry: dict[str, Any] = {"user": key.user, "relation": key.relation, "object": key.object}
        if key.condition is not None:
            entry["condition"] = {"name": key.condition.name, "context": dict(key.condition.context)}
        found.append(entry)
    return found


def compare(world: World, folder: Path) -> Count:
    """Ask both. Raises Different, after writing ``difference.fga.yaml`` with OpenFGA's answers into the folder."""
    file = folder / "random.fga.yaml"
    content = store_file(world)
    file.write_text(json.dumps(content))
    code, assertions, said = fga.run_store_files(file)
    if REFUSED in said and not assertions:
        return Count(refused=1)
    assert assertions, f"OpenFGA's tool ended with {code}: {said}"
    theirs = {(item.question, item.context): item.got for item in assertions}
    [result] = run_store_file(file).tests
    ours: dict[tuple[str, str], Answer] = {
        (item.question, fga.canonical(item.request.context)): item.got for item in result.assertions
    }
    assert ours.keys() == theirs.keys()
    count = Count(models=1, decisions=Counter(item.kind.value for item in result.assertions))
    judge = _Judge(world, ours, theirs)
    different = []
    for item in result.assertions:
        question = (item.question, fga.canonical(item.request.context))
        if ours[question] == theirs[question]:
            continue
        excuse = judge.excuse(item.kind, *question)
        if excuse is None:
            different.append(question)
        else:
            count.excused[excuse] += 1
    if different:
        raise Different(_replay(content, different, ours, theirs, folder / "difference.fga.yaml"))
    return count


class _Judge:
    """Tells what may differ, and why: OpenFGA leaves it to chance, or contradicts itself."""

    def __init__(
        self, world: World, ours: Mapping[tuple[str, str], Answer], theirs: Mapping[tuple[str, str], Answer]
    ) -> None:
        self._world = world
        self._ours = ours
        self._theirs = theirs
        self._contexts = {fga.canonical(each): each for each in world.contexts}

    def excuse(self, kind: Kind, question: str, context: str) -> str | None:
        """Return why two answers differ without anybody being wrong, or with OpenFGA being wrong; None if neither."""
        if kind is Kind.CHECK:
            return self._chance(question, context)
        mine, their = self._ours[question, context], self._theirs[question, context]
        checks = dict(self._checks(kind, question))
        verdicts = {name: self._theirs[asked, context] for name, asked in checks.items()}
        uncertain = any(self._chance(asked, context) for asked in checks.values())
        expected = tuple(sorted(name for name, verdict in verdicts.items() if verdict))
        if uncertain:
            return f"{kind.value}: a check of it is left to chance"
        if mine is None:
            return f"{kind.value}: we refuse a list of which a check fails" if None in verdicts.values() else None
        if mine != expected:
            return None
        if their is None:
            return f"{kind.value}: theirs fails though every check of it is decided"
        return f"{kind.value}: theirs contradicts their checks"

    def _chance(self, question: str, context: str) -> str | None:
        user, relation, name = question.split(" ")
        mine, their = self._ours[question, context], self._theirs[question, context]
        try:
            possible = possible_answers(
                self._world.model, self._world.tuples, user, relation, name, self._contexts[context]
            )
        except TooManySteps:
            return "check: too many ways to tell whether it is left to chance"
        if len(possible) == 1 or not {mine, their} <= possible:
            return None
        return "check: a failed condition is forgotten" if None in possible else "check: left to chance in a cycle"

    def _checks(self, kind: Kind, question: str) -> Iterator[tuple[str, str]]:
        """Yield what a list may hold, and the check that says so."""
        words = question.split(" ")
        if kind is Kind.LIST_OBJECTS:
            user, relation, _, type_name = words
            for name in OBJECTS[type_name]:
                yield name, f"{user} {relation} {name}"
            return
        _, filtered, relation, name = words
        # Somebody who is named nowhere has what the wildcard has.
        if "#" not in filtered:
            yield f"{filtered}:*", f"{filtered}:unknown {relation} {name}"
        for user in NAMED[filtered]:
            yield user, f"{user} {relation} {name}"


def _replay(
    content: dict[str, Any],
    different: list[tuple[str, str]],
    ours: Mapping[tuple[str, str], Answer],
    theirs: Mapping[tuple[str, str], Answer],
    file: Path,
) -> str:
    lines = [
        f"{question} under {context}: OpenFGA {theirs[question, context]}, ours {ours[question, context]}"
        for question, context in different
    ]
    file.write_text(json.dumps(content))
    return "\n".join([*lines, str(file)])
