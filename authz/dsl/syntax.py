"""The tree of an expression: what of CEL's own syntax tree is looked at before anything is evaluated.

It is read from the message ``cel.expr.CheckedExpr`` in which a compiled expression is written down (syntax.proto and
checked.proto of CEL's specification), in which ``all``, ``map`` and their like stand as the loops that they are.
"""

from __future__ import annotations

from dataclasses import dataclass

DEPTH = 250
"""Levels of a tree, loops and operators alike."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_TREE = 4
"""Field of a CheckedExpr that holds the expression."""
_CONSTANT, _NAME, _SELECT, _CALL, _LIST, _STRUCT, _LOOP = range(3, 10)
"""Fields of an Expr: of what kind it is."""
_TEXT_KINDS = (6, 7)
"""Fields of a Constant that are a text, and bytes."""

Message = dict[int, list[bytes]]


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal; ``text`` is what stands in one of texts or bytes, and empty for others."""

    text: str


@dataclass(frozen=True, slots=True)
class Name:
    """A parameter, or the variable of a loop."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function or operator (``_+_``, ``@in``); the receiver of a method is its first operand."""

    function: str
    operands: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """A list, or the keys and values of a map, written in the expression."""

    entries: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """For each entry of ``range``, while ``condition`` holds, ``step`` makes a new value of the variable ``result``."""

    variables: tuple[str, ...]
    range: Tree
    result: str
    start: Tree
    condition: Tree
    step: Tree
    outcome: Tree


Tree = Constant | Name | Call | Collection | Loop


def parts_of(tree: Tree) -> tuple[Tree, ...]:
    """Return the trees right below one."""
    if isinstance(tree, Loop):
        return tree.range, tree.start, tree.condition, tree.step, tree.outcome
    return tree.operands if isinstance(tree, Call) else tree.entries if isinstance(tree, Collection) else ()


def read_tree(serialized: bytes) -> Tree:
    """Read a tree from a CheckedExpr in a ``google.protobuf.Any``. Raises ValueError for what is no such message, or is
    nested too deeply.
    """
    checked = _message(_only(_message(serialized), 2))
    return _tree(_only(checked, _TREE), DEPTH)


def _tree(content: bytes, depth: int) -> Tree:
    if depth == 0:
        raise ValueError(f"an expression is nested at most {DEPTH} deep")
    ((kind, inside),) = (
        (number, _message(found[0])) for number, found in _message(content).items() if _CONSTANT <= number <= _LOOP
    )
    if kind == _CONSTANT:
        return Constant(
            "".join(found[0].decode("utf-8", "replace") for number, found in inside.items() if number in _TEXT_KINDS)
        )
    if kind == _NAME:
        return Name(_only(inside, 1).decode())
    if kind == _LOOP:
        variables = tuple(found.decode() for number in (1, 8) for found in inside.get(number, ()))
        span, start, condition, step, outcome = (_tree(_only(inside, number), depth - 1) for number in (2, 4, 5, 6, 7))
        return Loop(variables, span, _only(inside, 3).decode(), start, condition, step, outcome)
    operands = tuple(_tree(operand, depth - 1) for operand in _operands(kind, inside))
    if kind == _CALL:
        return Call(_only(inside, 2).decode(), operands)
    return Call("_[_]", operands) if kind == _SELECT else Collection(operands)


def _operands(kind: int, inside: Message) -> list[bytes]:
    """Return the trees under one; a field that is selected is none."""
    if kind == _STRUCT:
        entries = (_message(entry) for entry in inside.get(2, ()))
        return [operand for entry in entries for number in (3, 4) for operand in entry.get(number, ())]
    if kind == _CALL:
        return [*inside.get(1, ()), *inside.get(3, ())]
    return inside.get(1, [])


def _only(message: Message, number: int) -> bytes:
    found = message.get(number, ())
    if len(found) != 1:
        raise ValueError(f"field {number} stands {len(found)} times")
    return found[0]


def _message(content: bytes) -> Message:
    """Return the fields of a message by number; numbers are of no interest here, and empty."""
    found: Message = {}
    at = 0
    while at < len(content):
        tag, at = _varint(content, at)
        kind, size = tag & 7, 0
        if kind == _VARINT:
            _, at = _varint(content, at)
        elif kind == _BYTES:
            size, at = _varint(content, at)
        elif kind in (_FIXED64, _FIXED32):
            at += 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"unknown wire type {kind}")
        found.setdefault(tag >> 3, []).append(content[at : at + size])
        at += size
    if at != len(content):
        raise ValueError("a message ends in the middle")
    return found


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """Return a number of variable length, and where it ends."""
    number = shift = 0
    while True:
        if at >= len(content):
            raise ValueError("a message ends in the middle")
        byte = content[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at
