from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from authz.dsl import to_json, to_text
from authz.dsl.json_reader import read_json
from authz.dsl.lint import lint
from authz.dsl.model import AuthorizationModel, Condition, ConditionParameter, ParameterType, TypeRestriction
from authz.dsl.parsed import MAX_MODEL_BYTES, ParsedCondition, Position
from authz.dsl.parser import parse_text
from authz.dsl.printer import without_sources
from authz.dsl.validate import duplicate_types, validate
from authz.errors import InvalidModel
from tests.authz.dsl.generated import CALLS, EXAMPLES, mutations
from tests.components import fga

T = TypeVar("T")

HEAD = "model\n  schema 1.1\n"


def problems(text: str) -> list[tuple[str, int, int]]:
    with pytest.raises(InvalidModel) as caught:
        parse_text(text)
    return [(problem.code, problem.line, problem.column) for problem in caught.value.problems]


def test_types_relations_and_conditions_are_kept_in_order() -> None:
    model = parse_text(
        "# a comment first\n"
        + HEAD
        + "type user\n\ntype doc # what it is about\n  relations\n"
        + "    define z: [user, user:*,\n      doc#z with late]\n"
        + "    define a: z from parent\n    define parent: [doc]\n"
        + "condition late(now: timestamp, l: list<int>) {\n  now > // why\n    l[0]\n}\n"
    ).model()
    assert list(model.types) == ["user", "doc"]
    assert list(model.types["doc"].relations) == ["z", "a", "parent"]
    assert model.types["doc"].relations["z"].restrictions == (
        TypeRestriction("user"),
        TypeRestriction("user", wildcard=True),
        TypeRestriction("doc", "z", condition="late"),
    )
    parameters = (
        ConditionParameter("now", ParameterType("timestamp")),
        ConditionParameter("l", ParameterType("list", ParameterType("int"))),
    )
    assert model.conditions == {"late": Condition("late", parameters, "now > \n    l[0]")}


def test_places_of_names_and_operands() -> None:
    parsed = parse_text(HEAD + "type t\n  relations\n    define a: [t, t with c] or b from a\n")
    [owner] = parsed.types
    [entry] = owner.relations
    assert (owner.at, entry.at) == (Position(3, 6), Position(5, 12))
    assert [(leaf.at.column, leaf.tupleset.column) for leaf in entry.leaves] == [(15, 0), (32, 39)]
    assert [(item.at.column, item.condition.column) for item in entry.restrictions] == [(16, 0), (19, 26)]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("define a: b or c and d", 21),
        ("define a: b but not c but not d", 26),
        ("define a: (b or c and d)", 23),
        ("define a: (b but not c) or d and e", 33),
        ("define a: b or [t]", 20),
        ("define a: b but not (c or [t])", 31),
        ("define a: [t] or (([t]))", 24),
        ("define a: []", 16),
        ("define a: [t,]", 18),
        ("define a: [t:*:*]", 19),
        ("define a: [t#b:*]", 19),
        ("define a: [t with]", 22),
        ("define a: but not b", 15),
        ("define a: or b", 15),
        ("define a: b or", 19),
        ("define a: (b", 17),
        ("define a: b)", 16),
        ("define a: b from", 21),
        ("define a as b", 14),
        ("define a: b c", 16),
        ("define a: b\tor\tand", 20),
        ("define or: b", 12),
        ("define a:", 14),
        ("define a: define", 15),
        ("defin a: b", 5),
        ("define a.b--c: b", 15),
    ],
)
def test_a_broken_definition(line: str, column: int) -> None:
    assert problems(HEAD + f"type t\n  relations\n    {line}\n") == [("invalid-syntax", 5, column)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", (1, 1)),
        ("type t\n", (1, 1)),
        ("model\ntype t\n", (2, 1)),
        ("model\n  schema1.1\n", (2, 3)),
        ("model\n  schema 11\n", (2, 10)),
        ("model schema 1.1\n", (1, 6)),
        (HEAD + "type\n", (3, 5)),
        (HEAD + "type t relations\n", (3, 7)),
        (HEAD + "type t\n  define a: b\n", (4, 3)),
        (HEAD + "type t\n  relations\ntype u\n", (5, 1)),
        (HEAD + "extend type t\n", (3, 13)),
        (HEAD + "condition c(x: int) {\n x > 1\n", (4, 7)),
        (HEAD + "condition c() { true }\n", (3, 13)),
        (HEAD + "condition c(string) { true }\n", (3, 13)),
        (HEAD + "condition c(x: list) { true }\n", (3, 20)),
        (HEAD + "condition c(x: list<map>) { true }\n", (3, 24)),
        (HEAD + "condition c.d(x: int) { true }\n", (3, 12)),
        (HEAD + "condition c(x: int) { {'a': 1} }\n", (3, 31)),
        (HEAD + "condition c(x: int) { true }\ntype t\n", (4, 1)),
        ("module\n\ntype t\n", (1, 7)),
    ],
)
def test_a_broken_frame(text: str, place: tuple[int, int]) -> None:
    assert problems(text)[0] == ("invalid-syntax", *place)


def test_one_reading_reports_the_faults_of_several_definitions() -> None:
    text = HEAD + (
        "type t\n  relations\n    define a: b or\n    define fine: [t]\n    define b: [t] or [t]\n"
        "type v\n  relations\n    define c: ()\ncondition d(x: nothing) { x }\n"
    )
    assert [line for _, line, _ in problems(text)] == [5, 7, 10, 11]


def test_an_unclosed_list_does_not_swallow_the_next_definition() -> None:
    lines = "type t\n  relations\n    define a: [\n    define b: [t,\n    define c: [t]\n    define d: (\n"
    assert problems(HEAD + lines) == [
        ("invalid-syntax", 6, 5),
        ("invalid-syntax", 7, 5),
        ("invalid-syntax", 8, 16),
    ]


def test_no_more_than_a_thousand_problems_are_told() -> None:
    assert len(problems(HEAD + "$" * 2000)) == 1000


def test_duplicates_that_the_model_could_not_hold() -> None:
    relation = "type t\n  relations\n    define a: [t]\n    define a: [t]\n"
    assert problems(HEAD + relation) == [("duplicated-error", 6, 12)]
    condition = "condition c(x: int, x: int) { x }\ncondition c(x: int) { x }\n"
    assert problems(HEAD + condition) == [("duplicated-error", 3, 21), ("duplicated-error", 4, 11)]


def test_limits() -> None:
    deep = "(" * 5000 + "a" + ")" * 5000
    assert problems(HEAD + f"type t\n  relations\n    define a: {deep}\n") == [("invalid-syntax", 5, 115)]
    assert problems(HEAD + "#" * MAX_MODEL_BYTES) == [("invalid-syntax", 1, 1)]


@pytest.mark.parametrize(
    "piece",
    [
        "schema 1.1 \n \n",
        "type t #x",
        "define a:[t]",
        "[ t , t#a ]",
        "[\n\nt,\n t\n]",
        "(([t] or a) and a) but not a",
        "( a )",
    ],
)
def test_unusual_spelling_that_openfga_reads_as_well(piece: str, tmp_path: Path) -> None:
    text = {
        "s": "model\n  " + piece + "type t\n",
        "t": HEAD + piece + "\n",
        "d": HEAD + "type t\n relations\n  " + piece + "\n",
    }.get(piece[0], HEAD + f"type t\n relations\n  define a: {piece}\n")
    fga.text_to_json(text, tmp_path)
    parse_text(text)


PIECES = [
    *("define a: ", "define b: ", "type t", "relations", "condition c(x: int) { x > 1 }", "\n", "\n  ", "\n    "),
    *("[t]", "[t:*, t#a with c]", "a", "b.c", " or ", " and ", " but not ", " from ", "(", ")", " ", "model", "#"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=25))
@settings(max_examples=EXAMPLES)
def test_any_text_is_read_or_refused_with_places_inside_it(pieces: list[str]) -> None:
    text = HEAD + "type t\n  relations\n    " + "".join(pieces)
    try:
        parse_text(text)
    except InvalidModel as caught:
        lines = text.split("\n")
        for problem in caught.problems:
            assert 1 <= problem.line <= len(lines)
            assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1


TEXTS = st.sampled_from(
    [
        HEAD + "type user\ntype doc\n  relations\n    define a: [user, user:*, doc#b with on]\n"
        "    define b: a but not (a from p)\n    define p: [doc]\n"
        "condition on(x: map<string>, y: int) {\n  y in [1, 2] && x['a'] == \"b\"\n}\n",
        "module wiki\nextend type doc\n  relations\n    define a: ([user] or b) and c\ntype page\n",
    ]
)


@given(mutations(TEXTS))
@settings(max_examples=EXAMPLES)
def test_a_text_gone_wrong_is_refused_or_reads_the_same_when_it_is_written_again(text: str) -> None:
    parsed = read_by(parse_text, text)
    if parsed is None:
        return
    problems_found = validate(parsed)
    if not problems_found:
        lint(parsed)
    model = parsed.model()
    # A line of an expression that begins with `#` would become a comment, and is no CEL anyway: `to_text` refuses it.
    comment = any("#" in condition.expression for condition in model.conditions.values())
    if not comment and {problem.code for problem in problems_found} <= {"condition-not-used", "condition-not-defined"}:
        assert from_text_and_json(model) == (without_sources(model), model)


def from_text_and_json(model: AuthorizationModel) -> tuple[AuthorizationModel, AuthorizationModel]:
    return parse_text(to_text(model)).model(), read_json(to_json(model)).model()


@given(text=mutations(TEXTS))
@settings(
    max_examples=4 * CALLS,
    phases=(Phase.generate,),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_openfga_reads_the_same_texts_as_the_same_models(text: str, tmp_path: Path) -> None:
    assume(text)  # of an empty file their program says neither yes nor no
    parsed = read_by(parse_text, text)
    theirs = read_by(partial(fga.text_to_json, folder=tmp_path), text)
    if parsed is None or theirs is None:
        assert theirs is None
        assert parsed is None or any(map(beyond_openfga, parsed.conditions))
    elif not duplicate_types(parsed):
        theirs["type_definitions"] = theirs["type_definitions"] or []
        assert to_json(parsed.model()) == theirs


def read_by(reader: Callable[[str], T], text: str) -> T | None:
    try:
        return reader(text)
    except (InvalidModel, fga.FgaError):
        return None


def beyond_openfga(parsed: ParsedCondition) -> bool:
    types = [item.type for item in parsed.condition.parameters]
    return any(kind.text.endswith(("any", "any>", ">>")) for kind in types)


@pytest.mark.parametrize("written", ["any", "list<any>", "map<list<map<any>>>"])
def test_what_openfga_has_in_json_alone_is_a_type_in_a_text_too(written: str, tmp_path: Path) -> None:
    text = HEAD + "type user\n\ntype doc\n  relations\n    define a: [user with c]\n\n"
    text += f"condition c(any: {written}) {{\n  true\n}}\n"
    model = parse_text(text).model()
    [parameter] = model.conditions["c"].parameters
    assert (parameter.name, parameter.type.text) == ("any", written)
    assert to_text(model).replace("\n\n", "\n") == text.replace("\n\n", "\n")
    # OpenFGA's program takes the JSON and gives it back, a server takes the model; its text it could not read again.
    assert fga.json_to_json(to_json(model), tmp_path) == to_json(model)
    with pytest.raises(fga.FgaError):
        fga.text_to_json(text, tmp_path)


def test_a_type_is_nested_only_so_deep() -> None:
    deep = "list<" * 5000 + "int" + ">" * 5000
    assert problems(HEAD + f"condition c(x: {deep}) {{ true }}\n") == [("invalid-syntax", 3, 516)]
