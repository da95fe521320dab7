"""Cuts a model text into tokens, each with its line and column.

Knows the two ways of reading of the language: the head of a condition has its own words (``map``, ``string``), all the
rest shares one set, in which the CEL text of a condition is cut as well. Which token may follow which is the parser's.
Source of the rules: OpenFGALexer.g4 of the OpenFGA language (longest match wins).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from authz.dsl.model import CONTAINERS, PARAMETER_TYPES
from authz.dsl.parsed import Position, problem_at
from authz.errors import ModelProblem


class Kind(Enum):
    """What a token is; ``KEYWORD`` and ``SYMBOL`` are told apart further by their text."""

    NEWLINE = auto()
    SPACE = auto()
    KEYWORD = auto()
    WORD = auto()
    PATH = auto()
    """A name with ``.``, ``/`` in it: good for types and relations, not for conditions."""
    VERSION = auto()
    CONTAINER = auto()
    PARAMETER_TYPE = auto()
    LITERAL = auto()
    COMMENT = auto()
    SYMBOL = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text; ``at`` is the place of its first character."""

    kind: Kind
    text: str
    at: Position


KEYWORDS = frozenset(
    {
        *("module", "model", "schema", "extend", "type", "relations", "relation", "define", "condition"),
        *("and", "or", "from", "with", "in", "true", "false", "null"),
    }
)
# ``any`` is a name to OpenFGA's lexer: it may name a parameter, and is a type only where a type is expected.
_TYPE_WORDS = PARAMETER_TYPES - CONTAINERS - {"any"}

_ESCAPE = r"\\(?:[abfnrtv\"'\\?`]|[0-3][0-7]{2}|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})"
_STRING = (
    r"[rR]\"\"\"(?s:.*?)\"\"\"|[rR]'''(?s:.*?)'''"
    rf"|\"\"\"(?:{_ESCAPE}|[^\\])*?\"\"\"|'''(?:{_ESCAPE}|[^\\])*?'''"
    r"|[rR]\"[^\"\n\r]*\"|[rR]'[^'\n\r]*'"
    rf"|\"(?:{_ESCAPE}|[^\\\"\n\r])*\"|'(?:{_ESCAPE}|[^\\'\n\r])*'"
)
_NUMBER = r"\d+\.\d+[eE][+-]?\d+|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?|0x[0-9a-fA-F]+[uU]?|\d+[uU]?"
_BLANK = r"[ \t\f]*"
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_PATH = re.compile(r"[A-Za-z_](?:[/.-]?[A-Za-z0-9_]+)*")
_NEWLINE = re.compile(rf"{_BLANK}(?:\r?\n|[\r\f]){_BLANK}(?:(?:\r?\n|[\r\f]){_BLANK})*")

# Tried in this order. Names and line ends are looked at before (they need the longest of two matches).
_BODY: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (Kind.SPACE, re.compile(r"[ \t\f]+")),
    (Kind.COMMENT, re.compile(r"//[^\n]*")),
    (Kind.LITERAL, re.compile(rf"[bB]?(?:{_STRING})")),
    (Kind.LITERAL, re.compile(r"\d+\.\d+[eE][+-]?\d+")),
    (Kind.VERSION, re.compile(r"\d+\.\d+")),
    (Kind.LITERAL, re.compile(_NUMBER)),
    (Kind.SYMBOL, re.compile(r"==|!=|<=|>=|&&|\|\||[#:,<>\[\]{}().\-!?+*/%]")),
)
_HEAD: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (Kind.SPACE, re.compile(r"[ \t\f]+")),
    (Kind.SYMBOL, re.compile(r"[<>(),:]")),
)


def without_comments(text: str) -> str:
    """Return the text with comments and trailing blanks cut off; lines and columns of the rest stay as they are.

    A comment is a line that begins with ``#``, and whatever follows a blank and ``#``, quoted or not (the language cuts
    comments before it looks at anything else, so a CEL string cannot hold these two characters either).
    """
    lines = (line.rstrip() for line in text.split("\n"))
    return "\n".join("" if line.lstrip().startswith("#") else line.split(" #")[0].rstrip() for line in lines)


def tokenize(text: str, file: str = "") -> tuple[list[Token], list[ModelProblem]]:
    """Cut a text into tokens; the last one is ``Kind.END``. ``file`` goes into every position.

    Characters that begin no token are left out and reported, so that what follows can still be read.
    """
    lexer = _Lexer(without_comments(text).rstrip("\n"), file)
    while lexer.offset < len(lexer.text):
        lexer.step()
    lexer.tokens.append(Token(Kind.END, "", lexer.position()))
    return lexer.tokens, lexer.problems


class _Lexer:
    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.offset = 0
        self.line = 1
        self.line_start = 0
        self.in_condition_head = False
        self.tokens: list[Token] = []
        self.problems: list[ModelProblem] = []

    def position(self) -> Position:
        return Position(self.line, self.offset - self.line_start + 1, self.file)

    def step(self) -> None:
        found = self._head_token() if self.in_condition_head else self._body_token()
        if found is None:
            character = self.text[self.offset]
            message = f"the character {character!r} has no meaning here"
            self.problems.append(problem_at("invalid-syntax", message, self.position()))
            self._advance(character)
            return
        kind, text = found
        self.tokens.append(Token(kind, text, self.position()))
        self._advance(text)
        if kind is Kind.KEYWORD and text == "condition":
            self.in_condition_head = True
        elif self.in_condition_head and text == ")":
            self.in_condition_head = False

    def _advance(self, text: str) -> None:
        self.offset += len(text)
        breaks = text.count("\n")
        if breaks:
            self.line += breaks
            self.line_start = self.offset - (len(text) - text.rindex("\n") - 1)

    def _body_token(self) -> tuple[Kind, str] | None:
        if newline := _NEWLINE.match(self.text, self.offset):
            return Kind.NEWLINE, newline.group()
        if self.text.startswith("but not", self.offset):
            return Kind.KEYWORD, "but not"
        patterned = self._first_of(_BODY)
        if patterned is not None:
            return patterned
        word, path = _WORD.match(self.text, self.offset), _PATH.match(self.text, self.offset)
        if word is None or path is None:
            return None
        if len(path.group()) > len(word.group()):
            return Kind.PATH, path.group()
        return (Kind.KEYWORD if word.group() in KEYWORDS else Kind.WORD), word.group()

    def _head_token(self) -> tuple[Kind, str] | None:
        word = _WORD.match(self.text, self.offset)
        if word is None:
            return self._first_of(_HEAD)
        text = word.group()
        if text in CONTAINERS:
            return Kind.CONTAINER, text
        return (Kind.PARAMETER_TYPE if text in _TYPE_WORDS else Kind.WORD), text

    def _first_of(self, patterns: tuple[tuple[Kind, re.Pattern[str]], ...]) -> tuple[Kind, str] | None:
        for kind, pattern in patterns:
            if match := pattern.match(self.text, self.offset):
                return kind, match.group()
        return None
