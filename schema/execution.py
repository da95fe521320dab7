"""Runs one operation in the calling thread, from its text to the JSON-ready answer.

Parsing, limits and validation are remembered by text (``schema.documents``); execution never leaves the thread,
because all resolvers are synchronous. HTTP is not known here.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, TypeGuard, cast

from graphql import ExecutionResult, GraphQLError

from schema.context import Context
from schema.documents import DocumentCache
from schema.errors import BAD_USER_INPUT, formatted
from schema.executor import core_schema, executor_for
from schema.limits import Limits
from schema.root import schema

logger = logging.getLogger("filegraph.schema")

_CORE = core_schema(schema)
_LIMITS = Limits()
_EXECUTOR = executor_for(schema, seconds=_LIMITS.seconds)
documents = DocumentCache(_CORE, _LIMITS)
"""The judged documents of this process."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What a client sent: a document, its variables, and which of its operations to run."""

    query: str
    variables: dict[str, Any]
    name: str | None = None


def execute(operation: Operation, context: Context) -> dict[str, Any]:
    """Execute and return ``{"data": ..., "errors": [...]}``; there is no ``data`` when nothing was executed.

    Never raises: what was not expected is logged and masked.
    """
    judged = documents.get(operation.query)
    if judged.document is None:
        return {"errors": formatted(judged.errors, context.request_id)}
    executor = _EXECUTOR.build(
        _CORE,
        judged.document,
        context_value=context,
        raw_variable_values=operation.variables,
        operation_name=operation.name,
        is_awaitable=_never,
        hide_suggestions=True,
        selections=judged.selections,
    )
    if isinstance(executor, list):
        return _refused(executor, context)
    result = cast("ExecutionResult", executor.execute_operation())
    if result.errors is None:
        return {"data": result.data}
    if result.data is None and _before_execution(result.errors):
        return _refused(result.errors, context)
    return {"data": result.data, "errors": formatted(result.errors, context.request_id)}


def _refused(errors: list[GraphQLError], context: Context) -> dict[str, Any]:
    for error in errors:
        error.extensions = {**(error.extensions or {}), "code": BAD_USER_INPUT}
    return {"errors": formatted(errors, context.request_id)}


def _never(_value: Any) -> TypeGuard[Awaitable[Any]]:
    """Tell graphql-core that no resolver is asynchronous."""
    return False


def _before_execution(errors: list[GraphQLError]) -> bool:
    """Whether the request itself was at fault (unknown operation, variables): such errors stand at no field."""
    return all(error.path is None for error in errors)
