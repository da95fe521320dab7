from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authz.dsl.lexer import Kind, tokenize, without_comments
from authz.dsl.parsed import Position
from tests.authz.dsl.generated import EXAMPLES


def kinds(text: str) -> list[tuple[Kind, str]]:
    return [(token.kind, token.text) for token in tokenize(text)[0]]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("viewer", Kind.WORD),
        ("can-view-", Kind.WORD),
        ("a.b/c-d", Kind.PATH),
        ("define", Kind.KEYWORD),
        ("defined", Kind.WORD),
        ("but not", Kind.KEYWORD),
        ("1.1", Kind.VERSION),
        ("11", Kind.LITERAL),
        ("1.5e3", Kind.LITERAL),
        ("'it is'", Kind.LITERAL),
        ('r"\\d"', Kind.LITERAL),
        ('b"x"', Kind.LITERAL),
        ('"""two\nlines"""', Kind.LITERAL),
        ("// CEL", Kind.COMMENT),
        ("&&", Kind.SYMBOL),
    ],
)
def test_one_token(text: str, kind: Kind) -> None:
    assert kinds(text) == [(kind, text), (Kind.END, "")]


def test_a_name_ends_where_two_separators_meet() -> None:
    assert kinds("a.b--c")[0] == (Kind.PATH, "a.b")


def test_words_of_a_condition_head_are_plain_words_elsewhere() -> None:
    tokens = kinds("map condition c(map: map<string>) map")
    assert [kind for kind, text in tokens if text == "map"] == [Kind.WORD, Kind.CONTAINER, Kind.CONTAINER, Kind.WORD]
    assert (Kind.PARAMETER_TYPE, "string") in tokens


def test_positions_are_one_based_and_survive_blank_lines_and_comments() -> None:
    tokens, problems = tokenize("model # first\n\n  # a whole line\n  schema 1.1")
    assert not problems
    assert {token.text: token.at for token in tokens if token.kind is not Kind.SPACE} == {
        "model": Position(1, 1),
        "\n\n\n  ": Position(1, 6),
        "schema": Position(4, 3),
        "1.1": Position(4, 10),
        "": Position(4, 13),
    }


def test_a_character_without_meaning_is_reported_and_left_out() -> None:
    tokens, problems = tokenize("define a$: b")
    assert [(p.code, p.line, p.column) for p in problems] == [("invalid-syntax", 1, 9)]
    assert "$" not in "".join(token.text for token in tokens)


def test_carriage_returns_are_line_ends() -> None:
    assert kinds("a\r\nb") == [(Kind.WORD, "a"), (Kind.NEWLINE, "\n"), (Kind.WORD, "b"), (Kind.END, "")]


def test_comments_need_a_blank_before_them() -> None:
    assert without_comments("a #b\nc#d\n#e\n  # f") == "a\nc#d\n\n"


@given(st.text(alphabet="adnot bu.-/#:[](),<>{}\"'\\\n\t0151re$condition", max_size=200))
@settings(max_examples=EXAMPLES)
def test_tokens_and_reported_characters_make_up_the_whole_text(text: str) -> None:
    tokens, problems = tokenize(text)
    cut = without_comments(text).rstrip("\n")
    assert sum(len(token.text) for token in tokens) + len(problems) == len(cut)
    lines = cut.split("\n")
    for token in tokens[:-1]:
        assert lines[token.at.line - 1][token.at.column - 1 :].startswith(token.text.split("\n")[0])
