"""How much work an expression may be, judged before it is evaluated.

OpenFGA counts the cost of an evaluation while it runs and ends it at 100. The library here cannot count, and ends only
after 10,000 rounds of comprehensions; meanwhile nobody else is served. So the most that can come together is reckoned
from the expression and the sizes of the values: too high on purpose, and far above what OpenFGA lets pass.

A step is about 50 nanoseconds at worst, measured: an entry copied or compared, 32 bytes of a text copied, 4 of one that
is read as a duration or a number, or one character held against one place of a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import itemgetter
from typing import Any

from authz.dsl.syntax import Call, Collection, Constant, Loop, Name, Tree

EFFORT_LIMIT = 2_000_000
"""Steps of one evaluation, in which nobody else is served; about 100 ms at worst."""

QUESTION_EFFORT_LIMIT = 60_000_000
"""Steps of all evaluations for one question, 3 s at worst; others are served between them."""

_REMEMBERED = 256

_ROUNDS = 10_000
"""Rounds of comprehensions that the library allows one evaluation, all together."""

_BYTES_A_STEP = 32
_READ_A_STEP = 4
"""Bytes of a text that is looked at one by one."""
_SEARCH_A_STEP = 1024
"""Characters of a text times those that are looked for in it, for a step of ``contains``."""

_COMPILING = 10
"""Steps for each place of a pattern, which is compiled whenever it is asked."""

_ADDRESS_CALLS = frozenset(("in_cidr", "ipaddress"))
_ADDRESS_CALL = 500
"""Steps of a function that is written in Python."""

_READERS = frozenset(("size", "int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes"))
_CREATION = 40
"""Steps of a list, map or message that is written in the expression, beside its entries."""
_OTHER_CALL = 30
_SHORT = 64
"""Characters of a number or time that is made into a text."""

_REPETITION_LIMIT = 1000
"""The most that the library lets the repetitions of a pattern multiply to, nested ones together."""

_REPETITION = re.compile(r"\{(\d+)(?:,(\d*))?\}", re.ASCII)
_WIDE = re.compile(r"\\(?:[pPX]|$)|\{")
"""What may stand for many places of a pattern, once plain repetitions are out of the way."""

_LOGIC = frozenset(("_&&_", "_||_", "!_", "_?_:_", "@not_strictly_false"))
_COMPARISONS = frozenset(("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"))
_TESTS = frozenset(("@in", "contains", "startsWith", "endsWith", "matches", "in_cidr"))
_NUMBERS = frozenset(("size", "int", "uint", "double", "bool"))
_ANSWERS = (_LOGIC | _COMPARISONS | _TESTS | _NUMBERS) - {"_?_:_"}
"""Functions whose answer has no size of its own."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a value can be: bytes or entries, then everything in it together, then each of its entries.

    ``places``: by how much its characters, taken as a pattern, can multiply.
    """

    length: int = 1
    whole: int = 1
    entry: Size | None = None
    places: int = 1

    def joined(self, other: Size) -> Size:
        """Return the size of what may be either of two."""
        entry = self.entry or other.entry
        if self.entry and other.entry and self.entry is not other.entry:
            entry = self.entry.joined(other.entry)
        return Size(max(self.length, other.length), max(self.whole, other.whole), entry, max(self.places, other.places))

    def followed_by(self, other: Size) -> Size:
        """Return the size of two, one behind the other."""
        either = self.joined(other)
        places = min(self.places * other.places, _REPETITION_LIMIT)
        return Size(self.length + other.length, self.whole + other.whole, either.entry, places)

    def times(self, count: int) -> Size:
        """Return the size of ``count`` of it, one behind the other."""
        return Size(self.length * count, 1 + self.whole * count, self.entry, self.places)


_ONE = Size()
_NOTHING = Size(0, 1)


class Effort:
    """The bound of one expression."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._free: dict[int, tuple[str, ...]] = {}
        self._known: dict[tuple[Size, ...], int] = {}
        _note_free(tree, self._free)

    def of(self, sizes: Mapping[str, Size]) -> int:
        """Return the most steps that the expression can take with parameters of these sizes.

        The names are the same every time; so the last few answers are remembered by the sizes alone.
        """
        key = tuple(size for _, size in sorted(sizes.items(), key=itemgetter(0)))
        found = self._known.get(key)
        if found is None:
            _, steps = _Reckoning(self._free).of(self._tree, sizes, 1)
            found = steps + sum(size.whole for size in key)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = found
        return found


def _note_free(tree: Tree, loops: dict[int, tuple[str, ...]]) -> frozenset[str]:
    """Return the names that a tree does not bind itself, and note those of every loop in it by its identity."""
    if isinstance(tree, Name):
        return frozenset({tree.name})
    if not isinstance(tree, Loop):
        parts = tree.operands if isinstance(tree, Call) else tree.entries if isinstance(tree, Collection) else ()
        return frozenset[str]().union(*(_note_free(part, loops) for part in parts))
    around, within, behind = (
        frozenset[str]().union(*(_note_free(part, loops) for part in parts))
        for parts in ((tree.range, tree.start), (tree.condition, tree.step), (tree.outcome,))
    )
    free = around | (within - {*tree.variables, tree.result}) | (behind - {tree.result})
    loops[id(tree)] = tuple(sorted(free))
    return free


def size_of(value: Any) -> Size:
    """Return the size of a value, as parameters and literals have it."""
    if isinstance(value, str | bytes):
        # A pattern of somebody else's may be anything.
        wide = isinstance(value, str) and ("{" in value or "\\" in value)
        return _text(value, _REPETITION_LIMIT if wide else 1)
    if isinstance(value, list | dict):
        entries = [*map(size_of, value), *map(size_of, value.values() if isinstance(value, dict) else ())]
        return _collection(entries, len(value))
    return _ONE


def _text(text: str | bytes, places: int) -> Size:
    """Return the size of a text. Its length is rounded up, so that short ones are of one size, and it is remembered."""
    # A character has at most four bytes.
    length = len(text) if isinstance(text, bytes) or text.isascii() else 4 * len(text)
    return Size(length | (_BYTES_A_STEP - 1), 1 + length // _BYTES_A_STEP, None, places)


def _collection(entries: Iterable[Size], length: int) -> Size:
    known = list(entries)
    return Size(length, 1 + sum(each.whole for each in known), reduce(Size.joined, set(known)) if known else None)


_Reckoned = tuple[Size, int]
"""How large a value can be, and the steps until it is there."""


class _Reckoning:
    """One way through a tree, with values of some sizes. ``free`` has the names that each loop finds around it."""

    def __init__(self, free: Mapping[int, tuple[str, ...]]) -> None:
        self._free = free
        self._loops: dict[tuple[object, ...], _Reckoned] = {}

    def of(self, tree: Tree, names: Mapping[str, Size], rounds: int) -> _Reckoned:
        """Return how large the value of a tree can be, and what it costs ``rounds`` times."""
        if isinstance(tree, Constant):
            return _text(tree.text, _places(tree.text)), rounds
        if isinstance(tree, Name):
            return names.get(tree.name, _ONE), rounds
        if isinstance(tree, Loop):
            # Each loop asks twice what is in it: without remembering that, those within one another would double it.
            key = (id(tree), rounds, *(names.get(name) for name in self._free[id(tree)]))
            if key not in self._loops:
                self._loops[key] = self._loop(tree, names, rounds)
            return self._loops[key]
        parts = tree.entries if isinstance(tree, Collection) else tree.operands
        reckoned = [self.of(part, names, rounds) for part in parts]
        sizes = [size for size, _ in reckoned]
        below = rounds + sum(steps for _, steps in reckoned)
        if isinstance(tree, Collection):
            return _collection(sizes, len(sizes)), below + (_CREATION + len(sizes)) * rounds
        return _answer(tree, sizes), below + _cost(tree.function, sizes) * rounds

    def _loop(self, loop: Loop, names: Mapping[str, Size], rounds: int) -> _Reckoned:
        span, spanning = self.of(loop.range, names, rounds)
        count = min(span.length, _ROUNDS)
        # Together they are no more than the library allows; that one round is counted at least does no harm.
        inner = min(rounds * max(count, 1), _ROUNDS)
        within = {**names, **dict.fromkeys(loop.variables, span.entry or _ONE)}
        start, starting = self.of(loop.start, names, rounds)
        # What a step adds to nothing it adds each time: no more than a list grows in a macro.
        added, _ = self.of(loop.step, {**within, loop.result: _NOTHING}, inner)
        result = start.followed_by(added.times(count))
        within[loop.result] = result
        _, going_on = self.of(loop.condition, within, inner)
        _, stepping = self.of(loop.step, within, inner)
        outcome, ending = self.of(loop.outcome, {**names, loop.result: result}, rounds)
        return outcome, rounds + spanning + starting + going_on + stepping + ending


def _cost(function: str, operands: list[Size]) -> int:
    """Return the steps of one call, beyond those of its operands."""
    first, last = (operands[0], operands[-1]) if operands else (_ONE, _ONE)
    if function == "@in":
        return 1 + last.length * _compared(first, last.entry or _ONE)
    if function in _COMPARISONS:
        return _compared(first, last)
    if function == "_+_":
        return _copied(first) + _copied(last)
    if function == "contains":
        return 1 + first.length * last.length // _SEARCH_A_STEP + first.whole
    if function == "matches":
        places = (1 + last.length) * last.places
        return places * (_COMPILING + first.length)
    if function in _LOGIC:
        return 1
    if function == "_[_]":
        return _OTHER_CALL + (first.whole if first.entry is None else last.whole)
    own = _ADDRESS_CALL if function in _ADDRESS_CALLS else _OTHER_CALL
    reading = first.length // _READ_A_STEP if function in _READERS else 0
    return own + reading + sum(each.whole for each in operands)


def _compared(one: Size, other: Size) -> int:
    return min(one.whole, other.whole)


def _copied(size: Size) -> int:
    """Return the steps of copying a value, in which entries are shared."""
    return size.whole if size.entry is None else 1 + size.length


def _answer(call: Call, operands: list[Size]) -> Size:
    if call.function in _ANSWERS or not operands:
        return _ONE
    if call.function == "_?_:_":
        return operands[1].joined(operands[2])
    if call.function == "_+_":
        return operands[0].followed_by(operands[1])
    if call.function == "_[_]":
        return operands[0].entry or _ONE
    # Conversions: bytes have up to four for a character, numbers and times become short texts.
    return reduce(Size.followed_by, operands).times(4).joined(Size(_SHORT, 1 + _SHORT // _BYTES_A_STEP))


def _places(text: str) -> int:
    """Return by how much the characters of a literal, taken as a pattern, can multiply."""
    found = 1
    for repetition in _REPETITION.finditer(text):
        found *= max(1, *(int(number[:5]) for number in repetition.groups() if number))
        if found > _REPETITION_LIMIT:
            break
    plain = _REPETITION.sub("", text)
    return _REPETITION_LIMIT if _WIDE.search(plain) else min(found, _REPETITION_LIMIT)
