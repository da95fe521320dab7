"""Limits on what one document may ask for, in time linear in its text.

Every number is found by one walk over the tokens and one over the tree; a fragment is measured once and remembered,
so that a chain of fragments that doubles at each link (2^200 fields in a few kilobytes) is a sum of big integers and
not a walk over them. Nothing is executed here, and a document need not be valid against the schema to be measured.

Lists multiply: a connection counts its children ``first``/``last`` times (a page when it is left out, the largest
page when it is a variable, because a judged document is kept and its variables are not).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Source,
    TokenKind,
    get_named_type,
    is_list_type,
    is_non_null_type,
)
from graphql.language import Lexer

PAGE_SIZE = 50
"""Nodes of a page when neither ``first`` nor ``last`` is given."""

MAX_PAGE_SIZE = 100
"""Nodes of the largest page, and items of the largest batch."""

_SHORT_LISTS = {"headers": 10, "missing": 10, "blocks": 10, "unmetConditions": 10, "reasons": 10}
"""Lists that the service itself makes. Those that people fill (shares, members, groups) count as a largest page."""

_TELLABLE = 10**9
"""The largest figure that a refusal tells: fragments that spread fragments come to some of hundreds of digits."""

_OPENING = frozenset({TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L})
_CLOSING = frozenset({TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R})
_NUMBERS = frozenset({TokenKind.INT, TokenKind.FLOAT})
_INTROSPECTION = {"__schema": 10_000, "__type": 1_000}
"""Cost of asking for the schema, whatever of it: a few times in one document is enough."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest allowed value of each measure. ``seconds`` an operation is read, since no measure is exact."""

    tokens: int = 2000
    digits: int = 20
    nesting: int = 64
    depth: int = 15
    aliases: int = 30
    directives: int = 50
    root_fields: int = 20
    cost: int = 50_000
    seconds: float = 10.0


class LimitExceeded(Exception):
    """A document asks for too much; the message names the limit and may be shown to anybody."""

    code = "LIMIT_EXCEEDED"

    def __init__(self, what: str, limit: int, found: int | None = None) -> None:
        counted = "" if found is None or found > _TELLABLE else f": {found}"
        self.message = f"The document has too many {what}{counted}; at most {limit} are allowed."
        super().__init__(self.message)


@dataclass(frozen=True, slots=True)
class Measure:
    """What a selection set amounts to, fragments counted in wherever they are spread."""

    depth: int = 0
    aliases: int = 0
    fields: int = 0
    cost: int = 0


def check_text(text: str, limits: Limits) -> None:
    """Count tokens and nested brackets before anything recursive sees the text, and digits before anything converts.

    Raises LimitExceeded, and GraphQLSyntaxError for text that has no tokens.
    """
    lexer = Lexer(Source(text))
    tokens = nesting = 0
    while (token := lexer.advance()).kind is not TokenKind.EOF:
        tokens += 1
        if tokens > limits.tokens:
            raise LimitExceeded("tokens", limits.tokens)
        if token.kind in _NUMBERS and len(token.value or "") > limits.digits:
            raise LimitExceeded("digits in a number", limits.digits)
        if token.kind in _OPENING:
            nesting += 1
            if nesting > limits.nesting:
                raise LimitExceeded("nested brackets", limits.nesting)
        elif token.kind in _CLOSING:
            nesting -= 1


def check_document(document: DocumentNode, schema: GraphQLSchema, limits: Limits) -> None:
    """Measure every operation of a parsed document. Raises LimitExceeded."""
    counter = _Counter(document, schema)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            root = schema.get_root_type(definition.operation)
            measure = counter.measure(definition.selection_set, root)
            for what, value, limit in (
                ("levels", measure.depth, limits.depth),
                ("aliases", measure.aliases, limits.aliases),
                ("fields at its root", measure.fields, limits.root_fields),
                ("nodes to load (cost)", measure.cost, limits.cost),
            ):
                if value > limit:
                    raise LimitExceeded(what, limit, value)
    directives = counter.directives(document)
    if directives > limits.directives:
        raise LimitExceeded("directives", limits.directives, directives)


class _Counter:
    """Measures the selection sets of one document; each fragment once."""

    def __init__(self, document: DocumentNode, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._definitions = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._fragments: dict[str, Measure] = {}
        self.visited = 0

    def measure(self, selection_set: SelectionSetNode | None, parent: GraphQLNamedType | None) -> Measure:
        depth = aliases = fields = cost = 0
        for node in selection_set.selections if selection_set else ():
            self.visited += 1
            if isinstance(node, FieldNode):
                found = self._field(node, parent)
            elif isinstance(node, FragmentSpreadNode):
                found = self._fragment(node.name.value)
            elif isinstance(node, InlineFragmentNode):
                condition = self._schema.get_type(node.type_condition.name.value) if node.type_condition else parent
                found = self.measure(node.selection_set, condition)
            else:
                continue
            depth = max(depth, found.depth)
            aliases += found.aliases
            fields += found.fields
            cost += found.cost
        return Measure(depth, aliases, fields, cost)

    def _fragment(self, name: str) -> Measure:
        known = self._fragments.get(name)
        if known is not None:
            return known
        # A fragment that reaches itself counts nothing the second time; validation refuses it afterwards.
        self._fragments[name] = Measure()
        definition = self._definitions.get(name)
        if definition is None:
            return Measure()
        condition = self._schema.get_type(definition.type_condition.name.value)
        self._fragments[name] = self.measure(definition.selection_set, condition)
        return self._fragments[name]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Measure:
        name = node.name.value
        definition = _definition_of(self._schema, parent, name)
        inner = self.measure(node.selection_set, get_named_type(definition.type) if definition else None)
        # graphql-core's own rule bounds the depth of introspection; its standard query is deeper than ours may be.
        depth = 1 if name in _INTROSPECTION else 1 + inner.depth
        aliases = inner.aliases + (1 if node.alias else 0)
        # A leaf of a loaded row costs nothing; what has children is something to load, and so is each entry of a list.
        each = inner.cost + (1 if _is_plain_list(node, definition) else 0)
        cost = 1 + each * _multiplier(node, definition) if node.selection_set else 0
        if name in _INTROSPECTION:
            cost = _INTROSPECTION[name]
        return Measure(depth, aliases, 1, cost)

    def directives(self, document: DocumentNode) -> int:
        """Count the directives written in the document, wherever they stand."""
        total = 0
        for definition in document.definitions:
            if isinstance(definition, (OperationDefinitionNode, FragmentDefinitionNode)):
                total += len(definition.directives or ())
                total += _directives_below(definition.selection_set)
                if isinstance(definition, OperationDefinitionNode):
                    total += sum(len(variable.directives or ()) for variable in definition.variable_definitions or ())
        return total


def _directives_below(selection_set: SelectionSetNode | None) -> int:
    total = 0
    for node in selection_set.selections if selection_set else ():
        total += len(node.directives or ())
        if isinstance(node, (FieldNode, InlineFragmentNode)):
            total += _directives_below(node.selection_set)
    return total


def _definition_of(schema: GraphQLSchema, parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    if isinstance(parent, (GraphQLObjectType, GraphQLInterfaceType)):
        return schema.get_field(parent, name)
    return None


def _multiplier(node: FieldNode, definition: GraphQLField | None) -> int:
    """How many times the children of a field may have to be loaded."""
    if definition is None:
        return 1
    if "first" in definition.args:
        return _largest_argument(node, ("first", "last"), PAGE_SIZE)
    if "ids" in definition.args:
        return _largest_argument(node, ("ids",), MAX_PAGE_SIZE)
    return _SHORT_LISTS.get(node.name.value, MAX_PAGE_SIZE) if _is_plain_list(node, definition) else 1


def _is_plain_list(node: FieldNode, definition: GraphQLField | None) -> bool:
    """Whether a field is a list by itself: those of a connection were counted with the connection."""
    if definition is None or node.name.value in {"nodes", "edges", "errors"}:
        return False
    return is_list_type(definition.type.of_type if is_non_null_type(definition.type) else definition.type)


def _largest_argument(node: FieldNode, names: Sequence[str], default: int) -> int:
    found = 0
    for argument in node.arguments or ():
        if argument.name.value in names:
            value = argument.value
            if isinstance(value, IntValueNode):
                found = max(found, min(int(value.value[:10]), 10**6))
            elif isinstance(value, ListValueNode):
                found = max(found, len(value.values))
            else:
                found = max(found, MAX_PAGE_SIZE)
    return found or default
