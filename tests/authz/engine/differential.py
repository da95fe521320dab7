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

import yaml

from authz.dsl import to_text
from authz.storefile.results import Kind
from authz.storefile.run import run_store_file
from tests.authz.engine.random_models import BOTS, GROUPS, OBJECTS, SUBJECTS, TUPLESETS, USERS, World, askable
from tests.authz.engine.reference import TooManySteps, answer_whatever_fails, possible_answers, some_condition_fails
from tests.components import fga

REFUSED = "Code(2056)"
"""The server refuses some models that the language's own validator accepts; they prove nothing here."""

LISTERS = ["user:a", "user:A", *BOTS, "group:1#member"]
FILTERS: list[dict[str, str]] = [{"type": "user"}, {"type": "bot"}, {"type": "group", "relation": "member"}]
NAMED = {"user": USERS, "bot": BOTS, "group#member": GROUPS}
"""Whom a list of users can name, by its filter."""

Answer = bool | tuple[str, ...] | None
"""None: an error."""

Question = tuple[Kind, str, str]
"""What is asked, in the words of ``AssertionResult``, and under which context."""


@dataclass
class Count:
    """What was compared, and what could not be."""

    models: int = 0
    refused: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)

    def add(self, other: Count) -> None:
        self.models += other.models
        self.refused += other.refused
        self.decisions += other.decisions
        self.verdicts += other.verdicts
        self.excused += other.excused

    def __str__(self) -> str:
        asked = ", ".join(f"{name} {number}" for name, number in sorted(self.decisions.items()))
        told = ", ".join(f"{name} {number}" for name, number in sorted(self.verdicts.items()))
        left = ", ".join(f"{name}: {number}" for name, number in sorted(self.excused.items())) or "none"
        return (
            f"{self.models} models (and {self.refused} that OpenFGA refuses), {self.decisions.total()} decisions"
            f" ({asked}); checks answered: {told}; left out: {left}"
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
    """Ask both. Raises Different, after writing ``difference.fga.yaml`` into the folder."""
    file = folder / "random.fga.yaml"
    file.write_text(json.dumps(store_file(world)))
    code, assertions, said = fga.run_store_files(file)
    if REFUSED in said and not assertions:
        return Count(refused=1)
    assert assertions, f"OpenFGA's tool ended with {code}: {said}"
    theirs = {(item.question, item.context): item.got for item in assertions}
    [result] = run_store_file(file).tests
    asked = {(item.kind, item.question, fga.canonical(item.request.context)): item.got for item in result.assertions}
    assert {question[1:] for question in asked} == theirs.keys()
    count, different = judged(world, asked, theirs)
    if different:
        text = replay(world, different)
        (folder / "difference.fga.yaml").write_text(text)
        raise Different(f"{folder / 'difference.fga.yaml'}:\n{text}")
    return count


def judged(
    world: World, asked: Mapping[Question, Answer], theirs: Mapping[tuple[str, str], Answer]
) -> tuple[Count, dict[Question, tuple[Answer, Answer]]]:
    """Return the figures, and for every question without excuse OpenFGA's answer and ours.

    ``asked`` has ours. All checks of what a list may hold must be among the questions, under the same context.
    """
    count = Count(models=1, decisions=Counter(kind.value for kind, _, _ in asked))
    count.verdicts += Counter(_told(got) for (kind, _, _), got in asked.items() if kind is Kind.CHECK)
    judge = _Judge(world, {(question, context): got for (_, question, context), got in asked.items()}, theirs)
    different: dict[Question, tuple[Answer, Answer]] = {}
    for (kind, question, context), mine in asked.items():
        their = theirs[question, context]
        if mine == their:
            continue
        excuse = judge.excuse(kind, question, context)
        if excuse is None:
            different[kind, question, context] = their, mine
        else:
            count.excused[excuse] += 1
    return count, different


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
        verdicts = {name: (asked, self._theirs[asked, context]) for name, asked in self._checks(kind, question)}
        if any(self._chance(asked, context) for asked, _ in verdicts.values()):
            return f"{kind.value}: a check of it is left to chance"
        answers = {name: verdict for name, (_, verdict) in verdicts.items()}
        if mine is None:
            return f"{kind.value}: we fail as a check of it does" if None in answers.values() else None
        if not _fits(mine, answers):
            return None
        if their is None:
            return f"{kind.value}: OpenFGA fails though no check of it does"
        if _fits(their, answers):
            return f"{kind.value}: other names beside everybody"
        return f"{kind.value}: OpenFGA contradicts its checks"

    def _chance(self, question: str, context: str) -> str | None:
        user, relation, name = question.split(" ")
        mine, their = self._ours[question, context], self._theirs[question, context]
        asked = self._world.model, self._world.tuples, user, relation, name, self._contexts[context]
        try:
            possible = possible_answers(*asked)
            decided = answer_whatever_fails(*asked)
        except TooManySteps:
            return "check: too many ways to tell whether it is left to chance"
        fails = some_condition_fails(self._world.model, self._world.tuples, self._contexts[context])
        if their is None and mine is not None and decided == mine and fails:
            return "check: OpenFGA fails by a tuple that cannot matter" + (", and we allow" if mine else "")
        if mine is None and their is not None and decided == their and None in possible:
            return "check: OpenFGA overlooks a failed condition that cannot matter"
        if len(possible) == 1 or not {mine, their} <= possible:
            return None
        if mine is None:
            return "check: OpenFGA forgets a failed condition"
        reason = (
            "OpenFGA fails by a tuple that can lead to no such user" if their is None else "left to chance in a cycle"
        )
        return f"check: {reason}" + (", and we allow" if mine else "")

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


def _fits(answer: Answer, verdicts: Mapping[str, Answer]) -> bool:
    """Tell whether a list is what the checks say. Beside everybody (``user:*``) it is free whom else it names."""
    assert isinstance(answer, tuple)
    allowed = {name for name, verdict in verdicts.items() if verdict}
    everybody = {name for name in allowed if name.endswith(":*")}
    return everybody <= set(answer) <= allowed if everybody else set(answer) == allowed


def replay(world: World, different: Mapping[Question, tuple[Answer, Answer]]) -> str:
    """Return a store file with the questions that differ alone, and OpenFGA's answers where it has any."""
    test: dict[str, list[dict[str, Any]]] = {"check": [], "list_objects": [], "list_users": []}
    notes = []
    for (kind, question, context), (their, mine) in different.items():
        notes.append(f"# {question} under {context}: OpenFGA {_told(their)}, ours {_told(mine)}\n")
        words = question.split(" ")
        expected: Any = their if their is not None else _otherwise(mine)
        asked: dict[str, Any] = {"context": json.loads(context)}
        if kind is Kind.CHECK:
            asked |= {"user": words[0], "object": words[2], "assertions": {words[1]: expected}}
        elif kind is Kind.LIST_OBJECTS:
            asked |= {"user": words[0], "type": words[3], "assertions": {words[1]: list(expected)}}
        else:
            type_name, _, relation = words[1].partition("#")
            asked |= {"object": words[3], "user_filter": [{"type": type_name, "relation": relation or None}]}
            asked |= {"assertions": {words[2]: {"users": list(expected)}}}
        test[kind.value].append(asked)
    content = {"model": _Block(to_text(world.model)), "tuples": _tuples(world), "tests": [test]}
    return "".join(notes) + yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def _told(answer: Answer) -> str:
    return (
        "fails" if answer is None else {True: "yes", False: "no"}[answer] if isinstance(answer, bool) else str(answer)
    )


def _otherwise(answer: Answer) -> Answer:
    """Return an expectation that an answer does not meet."""
    return not answer if isinstance(answer, bool) else ("none:such",)


class _Block(str):
    """A text that is written over several lines."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(_Block, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|"))
