"""A reader over tokens with one token of foresight, and the fault it raises when the text is not what was expected.

Knows nothing of models: what is expected where is said by ``authz.dsl.parser`` and ``authz.dsl.rewrites``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from authz.dsl.lexer import Kind, Token
from authz.dsl.parsed import problem_at
from authz.errors import ModelProblem

_NAME_KEYWORDS = frozenset({"model", "schema", "type", "relation", "module", "extend"})
"""Keywords that may also be the name of a type or a relation."""


class SyntaxFault(Exception):
    """The text breaks the grammar here; the parser notes the problem and goes on at the next definition."""

    def __init__(self, problem: ModelProblem) -> None:
        self.problem = problem
        super().__init__(problem.message)


def fault(token: Token, message: str) -> SyntaxFault:
    """Return the fault of a token, to be raised."""
    return SyntaxFault(problem_at("invalid-syntax", message, token.at))


def shown(token: Token) -> str:
    """Return how a message names a token."""
    match token.kind:
        case Kind.END:
            return "the end of the text"
        case Kind.NEWLINE:
            return "the end of the line"
        case Kind.SPACE:
            return "a blank"
        case _:
            return f"`{token.text}`"


class Cursor:
    """Where the parser stands in the tokens."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._index = 0

    @property
    def token(self) -> Token:
        """The token that comes next."""
        return self._tokens[self._index]

    @property
    def following(self) -> Token:
        """The token after the next one; at the end the end itself."""
        return self._tokens[min(self._index + 1, len(self._tokens) - 1)]

    @property
    def index(self) -> int:
        """How many tokens were taken."""
        return self._index

    def back_to_line_end(self, words: Collection[str]) -> None:
        """Step back before the line end if the next token is one of these words and begins its line."""
        before = self._tokens[self._index - 1] if self._index else None
        if self.token.text in words and before is not None and before.kind is Kind.NEWLINE:
            self._index -= 1

    def advance(self) -> Token:
        """Take the next token; the end is never passed."""
        token = self.token
        if token.kind is not Kind.END:
            self._index += 1
        return token

    def at(self, text: str) -> bool:
        """Tell whether the next token is this keyword or symbol."""
        return is_word(self.token, text)

    def before_line(self, *words: str) -> bool:
        """Tell whether the line ends here and the next one begins with one of these keywords."""
        return self.token.kind is Kind.NEWLINE and any(is_word(self.following, word) for word in words)

    def take(self, text: str) -> Token | None:
        """Take the next token if it is this keyword or symbol."""
        return self.advance() if self.at(text) else None

    def skip(self, *kinds: Kind) -> None:
        """Leave out any number of tokens of these kinds."""
        while self.token.kind in kinds:
            self.advance()

    def expect(self, text: str) -> Token:
        """Take this keyword or symbol, or raise ``SyntaxFault``."""
        if not self.at(text):
            raise fault(self.token, f"expected `{text}`, found {shown(self.token)}")
        return self.advance()

    def expect_kind(self, kind: Kind, wanted: str) -> Token:
        """Take a token of a kind, or raise ``SyntaxFault`` that says ``wanted`` was expected."""
        if self.token.kind is not kind:
            raise fault(self.token, f"expected {wanted}, found {shown(self.token)}")
        return self.advance()

    def expect_space(self) -> None:
        """Take a blank, or raise ``SyntaxFault``."""
        self.expect_kind(Kind.SPACE, "a blank")

    def expect_line_end(self) -> None:
        """Make sure that the line ends here (nothing is taken), or raise ``SyntaxFault``."""
        if self.token.kind not in (Kind.NEWLINE, Kind.END):
            # A blank alone never ends a line: what is wrong is the word behind it.
            found = self.following if self.token.kind is Kind.SPACE else self.token
            raise fault(self.token, f"expected the end of the line, found {shown(found)}")

    def name(self, wanted: str) -> Token:
        """Take the name of a type or relation, or raise ``SyntaxFault`` that says ``wanted`` was expected."""
        token = self.token
        if token.kind in (Kind.WORD, Kind.PATH) or (token.kind is Kind.KEYWORD and token.text in _NAME_KEYWORDS):
            return self.advance()
        raise fault(token, f"expected {wanted}, found {shown(token)}")


def is_word(token: Token, text: str) -> bool:
    """Tell whether a token is this keyword or symbol."""
    return token.text == text and token.kind in (Kind.KEYWORD, Kind.SYMBOL)
