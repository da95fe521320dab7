"""How much work an expression may be, judged before it is evaluated.

OpenFGA counts the cost of an evaluation while it runs and ends it at 100. The library here cannot count, and ends only
after 10,000 rounds of comprehensions, each of which may join and compare long texts. So the most that can come together
is reckoned from the sizes of the values: too high on purpose, and far above what OpenFGA lets pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

EFFORT_LIMIT = 20_000_000
"""Steps of one evaluation; about a second at worst."""

_ROUNDS = 10_000
_LITERAL = re.compile(r"'[^'\\\n]*'|\"[^\"\\\n]*\"")
_ASIDE = re.compile(rf"{_LITERAL.pattern}|//[^\n]*")
_UNCLEAR = re.compile(r'\\|\'{3}|"{3}')
"""Escapes and long literals: where the end of a literal is not told by its next quote."""

_PARENTHESIS = re.compile(r"(\b(?:all|exists|exists_one|map|filter)\s*)?\(|\)")


class Effort:
    """The bound of one expression."""

    def __init__(self, expression: str) -> None:
        self._loops, self._depth = _loops(expression)
        self._joins = 1 + expression.count("+")
        self._entries = 1 + expression.count(",")
        self._text = max(map(len, _LITERAL.findall(expression)), default=1)
        if _UNCLEAR.search(expression):
            self._text = len(expression)
        self._matches = "matches" in expression
        # An operation has two characters at least.
        self._operations = 1 + len(expression) // 2

    def of(self, values: Mapping[str, Any]) -> int:
        """Return the most steps that the expression can take with these values of its parameters."""
        longest, largest = self._text, self._entries
        todo: list[Any] = list(values.values())
        while todo:
            value = todo.pop()
            if isinstance(value, str | bytes):
                longest = max(longest, len(value))
            elif isinstance(value, list | dict):
                largest = max(largest, len(value))
                todo += value
                todo += _inside(value)
        text = longest * self._joins
        rounds: int = min(max(self._loops, 1) * (largest * self._joins) ** self._depth, _ROUNDS)
        return rounds * self._operations * text * (text if self._matches else 1)


def _loops(expression: str) -> tuple[int, int]:
    """Return how many comprehensions an expression has, and how many of them are at most within one another."""
    found = deepest = depth = 0
    opened: list[bool] = []
    for parenthesis in _PARENTHESIS.finditer(_ASIDE.sub(" ", expression)):
        if parenthesis[0] != ")":
            opened.append(parenthesis[1] is not None)
            found += opened[-1]
            depth += opened[-1]
            deepest = max(deepest, depth)
        elif opened:
            depth -= opened.pop()
    if _UNCLEAR.search(expression):
        # A parenthesis in a literal could be taken for a real one, or the other way round: all may be within all.
        found = deepest = len(re.findall(r"\b(?:all|exists|exists_one|map|filter)\b", expression))
    return found, deepest


def _inside(value: list[Any] | dict[str, Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else ()
