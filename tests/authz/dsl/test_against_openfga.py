"""Valid models gone wrong: OpenFGA's tool and ours refuse the same, and the first syntax error is in the same place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from authz.dsl import parse, to_text
from authz.dsl.parser import parse_text
from authz.errors import InvalidModel, ModelProblem
from tests.authz.dsl.generated import CALLS, FULL
from tests.authz.engine.random_models import models
from tests.components import fga

TOKEN = re.compile(r"[\w.-]+|\s+|[^\w\s]")
KEYWORDS = {"model", "schema", "type", "relations", "define", "or", "and", "but", "not", "from", "with", "condition"}
NAMES = ["viewer", "blocked", "member", "parent", "user", "doc", "folder", "group", "ghost", "self", "below", "is_on"]
SCRAPS = [
    *("or", "and", "but not", "from", "with", "[user]", "(", ")", ",", ":", "*", "#", " ", "\n", "define", "type"),
    *("relations", "condition", "group#member", "user:*", "int", "list<int>", "1", "&&", "{", "}"),
]
STRICTER_THAN_A_SERVER = {"duplicated-error", "condition-not-used"}
PLACE = re.compile(r"syntax error at line=(\d+), column=(\d+): (?!'[^']*' is already defined)")


@st.composite
def gone_wrong(draw: st.DrawFn) -> str:
    """A valid model in which a name was changed for another, or some tokens were put in, left out or exchanged."""
    tokens = TOKEN.findall(to_text(draw(models())))
    if draw(st.booleans()):
        names = [place for place, token in enumerate(tokens) if token[0].isalpha() and token not in KEYWORDS]
        tokens[draw(st.sampled_from(names))] = draw(st.sampled_from(NAMES))
        return "".join(tokens)
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.integers(0, len(tokens) - 1))
        match draw(st.sampled_from(("replace", "leave out", "repeat", "exchange"))):
            case "replace":
                tokens[place] = draw(st.sampled_from([*SCRAPS, *NAMES]))
            case "leave out":
                tokens[place] = ""
            case "repeat":
                tokens[place] *= 2
            case _:
                other = draw(st.integers(0, len(tokens) - 1))
                tokens[place], tokens[other] = tokens[other], tokens[place]
    return "".join(tokens)


def problems_of(text: str) -> tuple[list[ModelProblem], bool]:
    """All problems of a model, and whether they are those of its syntax."""
    try:
        parse_text(text)
    except InvalidModel as error:
        return list(error.problems), True
    try:
        parse(text)
    except InvalidModel as error:
        return list(error.problems), False
    return [], False


@pytest.mark.timeout(3600 if FULL else 120)
@given(text=gone_wrong())
@settings(
    max_examples=10 * CALLS,
    phases=(Phase.generate,),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_models_gone_wrong_are_refused_alike_and_in_the_same_place(text: str, tmp_path: Path) -> None:
    problems, syntax = problems_of(text)
    accepted, complaint = fga.is_valid(text, tmp_path)
    codes = {problem.code for problem in problems}
    if not syntax and codes and codes <= STRICTER_THAN_A_SERVER:
        return
    assert accepted == (not problems), (complaint, text)
    place = PLACE.search(complaint)
    errors = [(problem.line, problem.column) for problem in problems if problem.code == "invalid-syntax"]
    if place and errors:
        # Theirs count from 0.
        assert errors[0] == (int(place[1]) + 1, int(place[2]) + 1), (complaint, text)
