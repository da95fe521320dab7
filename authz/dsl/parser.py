"""Reads the model language: header, types, relations, conditions. Written by hand; no rules about meaning.

Source of the grammar: OpenFGAParser.g4 of the OpenFGA language. After a fault the parser goes on at the next
``define``, ``type`` or ``condition`` that begins a line, so that one reading reports faults of several definitions.
A text with a ``module`` header is a part of a model: ``authz.dsl.modules`` puts them together. On its own it leaves the
schema version empty, which the validator reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from authz.dsl.cursor import Cursor, SyntaxFault, fault, is_word, shown
from authz.dsl.lexer import Kind, Token, tokenize
from authz.dsl.model import Condition, ConditionParameter, ParameterType, Relation, Source
from authz.dsl.parsed import (
    MAX_MODEL_BYTES,
    MAX_NESTING,
    ParsedCondition,
    ParsedModel,
    ParsedRelation,
    ParsedType,
    Position,
    in_order,
    problem_at,
)
from authz.dsl.rewrites import parse_definition
from authz.errors import InvalidModel, ModelProblem

_DEFINITIONS = ("define", "type", "extend", "condition")


def parse_text(text: str, file: str = "") -> ParsedModel:
    """Read a model text without judging its meaning; ``file`` goes into every position and source.

    Raises InvalidModel with every syntax fault found, in the order of the text.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_MODEL_BYTES:
        message = f"the model is larger than {MAX_MODEL_BYTES} bytes"
        raise InvalidModel([problem_at("invalid-syntax", message, Position(1, 1, file))])
    tokens, problems = tokenize(text, file)
    parser = _Parser(tokens, problems, file)
    parsed = parser.main()
    if parser.problems:
        raise InvalidModel(in_order(parser.problems))
    return parsed


class _Parser:
    def __init__(self, tokens: list[Token], problems: Iterable[ModelProblem], file: str) -> None:
        # ``//`` begins a comment of CEL wherever it stands, as in OpenFGA.
        self.cursor = Cursor([token for token in tokens if token.kind is not Kind.COMMENT])
        self.problems = list(problems)
        self.file = file
        self.schema = ("", Position(1, 1, file))
        self.source: Source | None = None
        self.extended: set[str] = set()
        self.types: list[ParsedType] = []
        self.conditions: dict[str, ParsedCondition] = {}

    def main(self) -> ParsedModel:
        self._guarded(self._header)
        while self.cursor.token.kind is not Kind.END:
            self._guarded(self._definition)
        version, at = self.schema
        module = self.source.module if self.source else None
        return ParsedModel(version, at, tuple(self.types), tuple(self.conditions.values()), module)

    def _guarded(self, read: Callable[[], None]) -> None:
        start = self.cursor.index
        try:
            read()
        except SyntaxFault as found:
            self.problems.append(found.problem)
            self._recover(start)

    def _recover(self, start: int) -> None:
        """Go on to the end of the line before the next definition; ``start`` is where the broken one began."""
        cursor = self.cursor
        if cursor.index > start + 1:
            # An unclosed list runs into the next definition: that one is still whole.
            cursor.back_to_line_end(_DEFINITIONS)
        while cursor.token.kind is not Kind.END:
            if cursor.before_line(*_DEFINITIONS):
                return
            cursor.advance()

    # header

    def _header(self) -> None:
        cursor = self.cursor
        cursor.skip(Kind.SPACE, Kind.NEWLINE)
        if cursor.take("module"):
            cursor.expect_space()
            if cursor.token.kind is Kind.PATH:
                raise fault(cursor.token, "the name of a module has no `.` and no `/`")
            self.source = Source(cursor.name("the name of the module").text, self.file)
            cursor.expect_line_end()
            return
        if not cursor.take("model"):
            raise fault(cursor.token, f"expected `model`, found {shown(cursor.token)}")
        cursor.expect_kind(Kind.NEWLINE, "the end of the line")
        cursor.expect("schema")
        cursor.expect_space()
        version = cursor.expect_kind(Kind.VERSION, "a schema version like `1.1`")
        self.schema = (version.text, version.at)
        cursor.expect_line_end()

    # definitions

    def _definition(self) -> None:
        cursor = self.cursor
        cursor.expect_kind(Kind.NEWLINE, "the end of the line")
        if cursor.token.kind is Kind.END:
            return
        if cursor.at("condition"):
            self._condition()
        elif cursor.at("define") and self.problems:
            # The fault before has torn this relation from its type: its own faults still count, itself does not.
            self._relation({}, None)
        elif (cursor.at("type") or cursor.at("extend")) and not self.conditions:
            self._type()
        else:
            wanted = "`condition`" if self.conditions else "`type` or `condition`"
            raise fault(cursor.token, f"expected {wanted}, found {shown(cursor.token)}")

    def _type(self) -> None:
        cursor = self.cursor
        extends = cursor.take("extend")
        if extends:
            cursor.expect_space()
        cursor.expect("type")
        cursor.expect_space()
        name = cursor.name("the name of a type")
        if extends:
            self._check_extension(name)
        cursor.expect_line_end()
        relations: dict[str, ParsedRelation] = {}
        if is_word(cursor.following, "relations"):
            cursor.advance()
            cursor.advance()
            self._relations(relations, self.source if extends else None)
        self.types.append(ParsedType(name.text, name.at, tuple(relations.values()), self.source, extends is not None))

    def _relations(self, relations: dict[str, ParsedRelation], source: Source | None) -> None:
        cursor = self.cursor
        if not cursor.before_line("define"):
            missing = cursor.following if cursor.token.kind is Kind.NEWLINE else cursor.token
            raise fault(missing, f"expected `define` after `relations`, found {shown(missing)}")
        while cursor.before_line("define"):
            cursor.advance()
            self._guarded(partial(self._relation, relations, source))

    def _check_extension(self, name: Token) -> None:
        if self.source is None:
            message = "`extend` may only be used in a module"
        elif name.text in self.extended:
            message = f"`{name.text}` is extended twice in this module"
        else:
            self.extended.add(name.text)
            return
        self.problems.append(problem_at("invalid-syntax", message, name.at))

    def _relation(self, relations: dict[str, ParsedRelation], source: Source | None) -> None:
        cursor = self.cursor
        cursor.expect("define")
        cursor.expect_space()
        name = cursor.name("the name of a relation")
        cursor.skip(Kind.SPACE)
        cursor.expect(":")
        cursor.skip(Kind.SPACE)
        found = parse_definition(cursor)
        if name.text in relations:
            self._duplicate(name, f"the relation `{name.text}` is already defined in this type")
        relations[name.text] = ParsedRelation(
            Relation(name.text, found.rewrite, tuple(found.restrictions), source),
            name.at,
            tuple(found.leaves),
            tuple(found.restriction_positions),
        )

    # conditions

    def _condition(self) -> None:
        cursor = self.cursor
        cursor.expect("condition")
        cursor.expect_space()
        name = cursor.expect_kind(Kind.WORD, "the name of a condition")
        cursor.skip(Kind.SPACE)
        parameters = self._parameters(name.text)
        cursor.skip(Kind.SPACE)
        expression, expression_at = self._expression()
        if name.text in self.conditions:
            self._duplicate(name, f"the condition `{name.text}` is already defined in the model")
        condition = Condition(name.text, parameters, expression, self.source)
        self.conditions[name.text] = ParsedCondition(name.text, condition, name.at, expression_at)
        cursor.expect_line_end()

    def _parameters(self, condition: str) -> tuple[ConditionParameter, ...]:
        cursor = self.cursor
        parameters: dict[str, ConditionParameter] = {}
        cursor.expect("(")
        while True:
            cursor.skip(Kind.SPACE)
            name = cursor.expect_kind(Kind.WORD, "the name of a parameter")
            cursor.skip(Kind.SPACE)
            cursor.expect(":")
            cursor.skip(Kind.SPACE)
            if name.text in parameters:
                self._duplicate(name, f"the parameter `{name.text}` is already defined in the condition `{condition}`")
            parameters[name.text] = ConditionParameter(name.text, self._parameter_type(0))
            cursor.skip(Kind.SPACE)
            if not cursor.take(","):
                cursor.expect(")")
                return tuple(parameters.values())

    def _parameter_type(self, depth: int) -> ParameterType:
        """Read a type. OpenFGA has ``any`` and a container in a container in JSON alone; here the text has them too."""
        cursor = self.cursor
        if cursor.token.kind is Kind.CONTAINER:
            if depth >= MAX_NESTING:
                raise fault(cursor.token, f"types are nested deeper than {MAX_NESTING}")
            container = cursor.advance()
            cursor.expect("<")
            element = self._parameter_type(depth + 1)
            cursor.expect(">")
            return ParameterType(container.text, element)
        if cursor.token.kind is Kind.WORD and cursor.token.text == "any":
            return ParameterType(cursor.advance().text)
        return ParameterType(cursor.expect_kind(Kind.PARAMETER_TYPE, "a type like `string`").text)

    def _expression(self) -> tuple[str, Position]:
        """Read ``{ CEL }`` as it stands, and where it begins; CEL itself is judged elsewhere."""
        cursor = self.cursor
        cursor.expect("{")
        pieces: list[Token] = []
        while not cursor.at("}"):
            if cursor.token.kind is Kind.END:
                raise fault(cursor.token, "the condition is not closed with `}`")
            pieces.append(cursor.advance())
        end = cursor.expect("}")
        first = next((piece for piece in pieces if piece.text.strip()), end)
        return "".join(piece.text for piece in pieces).strip(), first.at

    def _duplicate(self, name: Token, message: str) -> None:
        self.problems.append(problem_at("duplicated-error", message, name.at))
