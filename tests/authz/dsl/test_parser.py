from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authz.dsl.model import Condition, ConditionParameter, TypeRestriction
from authz.dsl.parsed import MAX_MODEL_BYTES, Position
from authz.dsl.parser import parse_text
from authz.errors import InvalidModel
from tests.authz.dsl.generated import EXAMPLES
from tests.components import fga

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
    parameters = (ConditionParameter("now", "timestamp"), ConditionParameter("l", "list", ("int",)))
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
        (HEAD + "condition c(x: list<map>) { true }\n", (3, 21)),
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
