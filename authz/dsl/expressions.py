"""The expressions of conditions, compiled: what compiling gives and how it fails. CEL itself is ``authz.dsl.cel``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from authz.dsl.syntax import Tree


@dataclass(frozen=True, slots=True)
class ExpressionFault:
    """One mistake, and where it is in the expression: 1-based line and column."""

    message: str
    line: int = 1
    column: int = 1


class InvalidExpression(Exception):
    """The expression does not compile; ``faults`` has every mistake that was found."""

    def __init__(self, faults: Sequence[ExpressionFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(fault.message for fault in self.faults))


class EvaluationError(Exception):
    """The expression has no value for these parameters (a division by zero, a key that is not there)."""


class Program(Protocol):
    """A compiled expression."""

    @property
    def tree(self) -> Tree:
        """Its syntax, with every loop in it."""
        ...

    def evaluate(self, values: Mapping[str, Any]) -> bool:
        """Return what the expression says of ``values``, which has each parameter, as ``authz.engine.parameters`` makes
        them. Raises EvaluationError.
        """
        ...
