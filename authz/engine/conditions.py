"""Conditions: whether what a tuple carries holds, under the context of a question.

``Conditions`` has those of a model, compiled. ``Circumstances`` are they under one context, and answer. How a value of
JSON becomes that of a parameter is ``authz.engine.parameters``; the language of expressions is ``authz.dsl.cel``.
OpenFGA's rules (internal/condition): the tuple's own value goes before that of the question; every declared parameter
must have one, whether the expression would look at it or not; what no parameter asks for is left aside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

from authz.dsl.compilation import compile_expression
from authz.dsl.expressions import EvaluationError, InvalidExpression
from authz.dsl.model import Condition
from authz.engine.effort import EFFORT_LIMIT, QUESTION_EFFORT_LIMIT, Effort, Size, size_of
from authz.engine.parameters import typed
from authz.errors import (
    ConditionFailed,
    InvalidContext,
    InvalidModel,
    InvalidTuple,
    MissingContext,
    ModelProblem,
    UnknownCondition,
)
from authz.types import RelationshipCondition

CONTEXT_BYTES = 32 * 1024
"""Largest context of a tuple, as compact JSON: OpenFGA's limit."""

QUESTION_CONTEXT_BYTES = 64 * 1024
"""Largest context of a question, as compact JSON: twice what a tuple may bring, an eighth of a request to OpenFGA."""

_DEPTH = 64
_BITS = 1024
"""Bits of the largest double."""
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters, which OpenFGA takes in no context, and halves of characters, which no database keeps."""


_Sized = tuple[Any, Size]


class Conditions:
    """The conditions of one model, compiled. Raises InvalidModel for one that does not compile."""

    def __init__(self, conditions: Mapping[str, Condition]) -> None:
        self._compiled = {name: _Compiled(name, condition) for name, condition in conditions.items()}

    def require(self, carried: RelationshipCondition) -> None:
        """Raise UnknownCondition, or InvalidTuple for a context that must not be written with it.

        That is one with a key that is no parameter, a value of another type, control characters, or above 32 KiB.
        """
        compiled = self._compiled.get(carried.name)
        if compiled is None:
            raise UnknownCondition(f"the model has no condition {carried.name!r}")
        strange = carried.context.keys() - compiled.parameters.keys()
        if strange:
            raise InvalidTuple(f"condition {carried.name!r} has no parameter {min(map(str, strange))!r}")
        try:
            # First its depth and size: to convert takes a level of ours for each of its own.
            require_context(carried.context, CONTEXT_BYTES)
            compiled.typed(carried.context)
        except InvalidContext as error:
            raise InvalidTuple(str(error)) from error

    def fits(self, carried: RelationshipCondition) -> bool:
        """Tell whether a stored condition means something in this model; a tuple with another counts for nothing."""
        compiled = self._compiled.get(carried.name)
        return compiled is not None and compiled.own(carried) is not None

    def under(self, context: Mapping[str, Any]) -> Circumstances:
        """Return the conditions under the context of a question.

        Raises InvalidContext for what is no JSON, too deep or too large, or has control characters.
        """
        if self._compiled:
            require_context(context)
        return Circumstances(self._compiled, context)


class Circumstances:
    """The conditions of one model under the context of one question."""

    def __init__(self, compiled: Mapping[str, _Compiled], context: Mapping[str, Any]) -> None:
        self._compiled = compiled
        self._context = context
        self._asked: dict[tuple[str, str], _Sized | str] = {}
        self._spent = 0

    def met(self, carried: RelationshipCondition) -> bool:
        """Tell whether the condition that a tuple carries holds; no for one that does not fit the model.

        Raises ConditionFailed: MissingContext, InvalidContext, or an expression without a value.
        """
        compiled = self._compiled.get(carried.name)
        own = compiled.own(carried) if compiled is not None else None
        if compiled is None or own is None:
            return False
        found = {
            name: (own[name], size_of(own[name])) if name in own else self._of_question(compiled, name)
            for name in compiled.parameters
            if name in own or name in self._context
        }
        missing = compiled.parameters.keys() - found.keys()
        if missing:
            raise MissingContext(f"condition {carried.name!r} lacks {', '.join(sorted(missing))}")
        self._spend(compiled, {name: size for name, (_, size) in found.items()})
        values = {name: value for name, (value, _) in found.items()}
        try:
            return compiled.program.evaluate(values)
        except EvaluationError as error:
            raise ConditionFailed(f"condition {carried.name!r}: {error}") from error

    def values(self, carried: RelationshipCondition) -> dict[str, Any]:
        """Return what ``met`` looks at, as JSON: the declared parameters that have a value."""
        compiled = self._compiled.get(carried.name)
        merged = {**self._context, **carried.context}
        return {name: merged[name] for name in (compiled.parameters if compiled else ()) if name in merged}

    def _of_question(self, compiled: _Compiled, parameter: str) -> _Sized:
        """Return the question's value of a parameter, converted and measured once. Raises InvalidContext."""
        key = (compiled.name, parameter)
        if key not in self._asked:
            self._asked[key] = self._converted(compiled, parameter)
        found = self._asked[key]
        if isinstance(found, str):
            raise InvalidContext(found)
        return found

    def _converted(self, compiled: _Compiled, parameter: str) -> _Sized | str:
        """Return the value and its size, or what is wrong with it."""
        try:
            value = compiled.typed({parameter: self._context[parameter]})[parameter]
        except InvalidContext as error:
            return str(error)
        return value, size_of(value)

    def _spend(self, compiled: _Compiled, sizes: Mapping[str, Size]) -> None:
        """Count an evaluation. Raises ConditionFailed for one that is too much, or too much with those before it."""
        effort = compiled.effort.of(sizes)
        if effort > EFFORT_LIMIT:
            raise ConditionFailed(f"condition {compiled.name!r} may take {effort} steps, more than {EFFORT_LIMIT}")
        self._spent += effort
        if self._spent > QUESTION_EFFORT_LIMIT:
            raise ConditionFailed(f"the conditions of a question may take more than {QUESTION_EFFORT_LIMIT} steps")


class _Compiled:
    """One condition, ready to be evaluated."""

    def __init__(self, name: str, condition: Condition) -> None:
        self.name = name
        self.parameters = {parameter.name: parameter.type for parameter in condition.parameters}
        try:
            self.program = compile_expression(condition.parameters, condition.expression)
        except InvalidExpression as error:
            raise InvalidModel(
                [
                    ModelProblem("invalid-condition-expression", f"condition `{name}`: {fault.message}", 0, 0)
                    for fault in error.faults
                ]
            ) from error
        self.effort = Effort(self.program.tree)

    def typed(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of those parameters that ``context`` names. Raises InvalidContext."""
        found = {}
        for parameter, declared in self.parameters.items():
            if parameter in context:
                try:
                    found[parameter] = typed(declared, context[parameter])
                except ValueError as error:
                    raise InvalidContext(f"condition {self.name!r}, parameter {parameter!r}: {error}") from error
        return found

    def own(self, carried: RelationshipCondition) -> dict[str, Any] | None:
        """Return the values that a tuple brings itself, None where they do not fit."""
        if not carried.context:
            return {}
        if not carried.context.keys() <= self.parameters.keys():
            return None
        try:
            return self.typed(carried.context)
        except InvalidContext:
            return None


def require_context(context: Mapping[str, Any], limit: int = QUESTION_CONTEXT_BYTES) -> None:
    """Raise InvalidContext for what is no plain JSON, or above ``limit`` bytes of it without blanks."""
    require_plain(context)
    size = len(json.dumps(context, ensure_ascii=False, separators=(",", ":"), default=dict).encode())
    if size > limit:
        raise InvalidContext(f"a context has at most {limit} bytes here, this one {size}")


def require_plain(value: Any, depth: int = 0) -> None:
    """Raise InvalidContext for what is no JSON, is nested too deeply, or has control characters in a text."""
    if depth > _DEPTH:
        raise InvalidContext(f"a context is nested at most {_DEPTH} deep")
    if isinstance(value, str):
        if _UNFIT.search(value):
            raise InvalidContext("a context has no control characters")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise InvalidContext("the keys of a context are texts")
            require_plain(key)
            require_plain(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            require_plain(item, depth + 1)
    elif isinstance(value, int) and value.bit_length() > _BITS:
        raise InvalidContext("a number of a context is too large for a double")
    elif isinstance(value, float) and not isfinite(value):
        raise InvalidContext("a context holds JSON, which has finite numbers alone")
    elif value is not None and not isinstance(value, int | float):
        raise InvalidContext(f"a context holds JSON, not {type(value).__name__}")
