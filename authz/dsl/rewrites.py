"""Parses what stands behind the colon of ``define``: direct lists, operands, operators, parentheses.

Source of the rules: ``relationDef`` in OpenFGAParser.g4 of the OpenFGA language. Operators of one level do not mix,
``but not`` stands once per level, and a direct list is only ever the very first operand.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from authz.dsl.cursor import Cursor, fault, is_word, shown
from authz.dsl.lexer import Kind
from authz.dsl.model import (
    Computed,
    Difference,
    Direct,
    Intersection,
    Rewrite,
    TupleToUserset,
    TypeRestriction,
    Union,
)
from authz.dsl.parsed import MAX_NESTING, LeafPosition, RestrictionPosition

_OPERATORS = ("or", "and", "but not")


@dataclass(slots=True)
class Definition:
    """What was read behind the colon; positions follow the order of the text."""

    rewrite: Rewrite
    restrictions: list[TypeRestriction] = field(default_factory=list)
    leaves: list[LeafPosition] = field(default_factory=list)
    restriction_positions: list[RestrictionPosition] = field(default_factory=list)


def parse_definition(cursor: Cursor) -> Definition:
    """Read a whole definition up to the end of its line. Raises ``SyntaxFault``."""
    reader = _Reader(cursor)
    reader.definition.rewrite = reader.expression(depth=0, direct_allowed=True)
    cursor.expect_line_end()
    return reader.definition


class _Reader:
    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.definition = Definition(Direct())

    def expression(self, depth: int, direct_allowed: bool) -> Rewrite:
        operands = [self._operand(depth, direct_allowed)]
        operator: str | None = None
        while (found := self._operator(operator, depth)) is not None:
            operator = found
            operands.append(self._operand(depth, direct_allowed=False))
        match operator:
            case None:
                return operands[0]
            case "or":
                return Union(tuple(operands))
            case "and":
                return Intersection(tuple(operands))
            case _:
                return Difference(operands[0], operands[1])

    def _operator(self, current: str | None, depth: int) -> str | None:
        """Take `` or ``, `` and `` or `` but not `` with its blanks; None when the level ends here."""
        cursor = self.cursor
        if cursor.token.kind is not Kind.SPACE:
            return None
        operator = next((name for name in _OPERATORS if is_word(cursor.following, name)), None)
        if operator is None:
            return None
        # OpenFGA's parser complains about the blank on the outermost level and about the operator in parentheses.
        complaint = cursor.following if depth else cursor.token
        if current == operator == "but not":
            raise fault(complaint, "`but not` may stand only once on a level: set parentheses")
        if current not in (None, operator):
            raise fault(complaint, f"`{current}` and `{operator}` cannot be mixed on one level: set parentheses")
        cursor.advance()
        cursor.advance()
        cursor.expect_space()
        return operator

    def _operand(self, depth: int, direct_allowed: bool) -> Rewrite:
        cursor = self.cursor
        token = cursor.token
        if cursor.at("["):
            if not direct_allowed:
                raise fault(token, "a direct list `[...]` may only be the first operand")
            self.definition.leaves.append(LeafPosition(token.at))
            self._direct_list()
            return Direct()
        if cursor.at("("):
            if depth >= MAX_NESTING:
                raise fault(token, f"parentheses are nested deeper than {MAX_NESTING}")
            return self._group(depth, direct_allowed)
        name = cursor.name("a relation, `(` or `[`")
        if not (cursor.token.kind is Kind.SPACE and is_word(cursor.following, "from")):
            self.definition.leaves.append(LeafPosition(name.at))
            return Computed(name.text)
        cursor.advance()
        cursor.advance()
        cursor.expect_space()
        tupleset = cursor.name("a relation")
        self.definition.leaves.append(LeafPosition(name.at, tupleset.at))
        return TupleToUserset(tupleset=tupleset.text, relation=name.text)

    def _group(self, depth: int, direct_allowed: bool) -> Rewrite:
        cursor = self.cursor
        cursor.expect("(")
        cursor.skip(Kind.SPACE)
        rewrite = self.expression(depth + 1, direct_allowed)
        cursor.skip(Kind.SPACE)
        cursor.expect(")")
        return rewrite

    def _direct_list(self) -> None:
        cursor = self.cursor
        cursor.expect("[")
        while True:
            cursor.skip(Kind.SPACE, Kind.NEWLINE)
            self._restriction()
            cursor.skip(Kind.SPACE, Kind.NEWLINE)
            if cursor.take(","):
                continue
            if cursor.take("]"):
                return
            raise fault(cursor.token, f"expected `,` or `]`, found {shown(cursor.token)}")

    def _restriction(self) -> None:
        cursor = self.cursor
        type_name = cursor.name("a type")
        wildcard, relation = False, None
        if cursor.take(":"):
            cursor.expect("*")
            wildcard = True
        elif cursor.take("#"):
            relation = cursor.name("a relation").text
        condition = None
        if cursor.token.kind is Kind.SPACE and is_word(cursor.following, "with"):
            cursor.advance()
            cursor.advance()
            cursor.expect_space()
            condition = cursor.expect_kind(Kind.WORD, "the name of a condition")
        self.definition.restrictions.append(
            TypeRestriction(type_name.text, relation, wildcard, condition.text if condition else None)
        )
        self.definition.restriction_positions.append(
            RestrictionPosition(type_name.at, condition.at) if condition else RestrictionPosition(type_name.at)
        )
