"""Texts of operations, parsed and judged once: a repeated document costs neither parsing nor validation.

The cache is bounded in number and only keeps short texts, so that nobody can fill the memory with it. Refusals are kept
too: a hostile document is as cheap to refuse the second time.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from graphql import DocumentNode, GraphQLError, GraphQLSchema, GraphQLSyntaxError, parse, validate
from graphql.validation import recommended_rules, specified_rules

from schema.limits import LimitExceeded, Limits, check_document, check_text
from schema.selections import Selections, depends_on_variables

PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"

_MAX_ERRORS = 20
_RULES = (*specified_rules, *recommended_rules)


@dataclass(frozen=True, slots=True)
class Judged:
    """A document that may be executed, or the errors that stand against it (``extensions.code`` is set).

    ``selections`` is where executions keep what they find out about the document; None where variables decide it.
    """

    document: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    selections: Selections | None = None


class DocumentCache:
    """The last ``size`` documents of one schema, by their text (at most ``max_text`` characters each)."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, size: int = 256, max_text: int = 16_384) -> None:
        self._schema = schema
        self._limits = limits
        self._size = size
        self._max_text = max_text
        self._entries: OrderedDict[str, Judged] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, text: str) -> Judged:
        """Return the judged document of ``text``; thread-safe."""
        with self._lock:
            found = self._entries.get(text)
            if found is not None:
                self._entries.move_to_end(text)
                return found
        judged = judge(text, self._schema, self._limits)
        if len(text) <= self._max_text:
            with self._lock:
                self._entries[text] = judged
                while len(self._entries) > self._size:
                    self._entries.popitem(last=False)
        return judged


def judge(text: str, schema: GraphQLSchema, limits: Limits) -> Judged:
    """Parse ``text`` and hold it against the limits, then against the schema.

    The limits come first: they are linear in the text, the rules of the specification are not.
    """
    try:
        check_text(text, limits)
        document = parse(text, no_location=False)
        check_document(document, schema, limits)
    except LimitExceeded as error:
        return Judged(None, (GraphQLError(error.message, extensions={"code": error.code}),))
    except GraphQLSyntaxError as error:
        error.extensions = {"code": PARSE_FAILED}
        return Judged(None, (error,))
    errors = validate(schema, document, _RULES, max_errors=_MAX_ERRORS, hide_suggestions=True)
    for found in errors:
        found.extensions = {**(found.extensions or {}), "code": VALIDATION_FAILED}
    if errors:
        return Judged(None, tuple(errors))
    return Judged(document, selections=None if depends_on_variables(document) else Selections())
