"""The one table of errors: what the trees of storage, accounts and authz become for a client.

    expected    an entry of ``errors`` in a payload (``UserError``), or a top-level error where there is no payload
    unexpected  logged once with the request id; the client gets INTERNAL_ERROR and that id, never an exception's text

The HTTP status is not decided here: ``schema.http`` does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, cast

import strawberry
from graphql import GraphQLError

from accounts.errors import AccountsError, Unauthenticated
from authz.errors import AuthorizationUnavailable, AuthzError, ConditionFailed
from authz.services import undecided
from schema.ids import InvalidId
from storage.errors import DatabaseBusy, DatabaseUnavailable, NotFound, StorageError
from storage.outages import outage_of

logger = logging.getLogger("filegraph.schema")

BAD_USER_INPUT = "BAD_USER_INPUT"
INTERNAL_ERROR = "INTERNAL_ERROR"
INPUT = ("input",)
"""The path of an error that is about no field."""

_OWN_CODES = {
    BAD_USER_INPUT: "An argument does not have the documented shape or range.",
    INTERNAL_ERROR: "Something unexpected went wrong; the server's log has more under the request id.",
    Unauthenticated.code: "Nobody is signed in, and somebody has to be.",
}

_OUTAGES = {DatabaseUnavailable.code, DatabaseBusy.code, AuthorizationUnavailable.code}

Expected = (StorageError, AccountsError, AuthzError, InvalidId)
"""What a service or selector may raise on purpose."""


class BadUserInput(GraphQLError):
    """An argument of a query is out of its documented range; becomes a top-level error with BAD_USER_INPUT."""

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"code": BAD_USER_INPUT})


def _tree(root: type[Exception]) -> Iterator[type[Exception]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)


def codes() -> dict[str, str]:
    """Return every code that a payload can carry, with one sentence each."""
    found = dict(_OWN_CODES)
    for root in (StorageError, AccountsError, AuthzError):
        for error in _tree(root):
            code = cast("str", getattr(error, "code", INTERNAL_ERROR))
            found.setdefault(code, (error.__doc__ or "").strip().splitlines()[0])
    return found


_make_enum = cast("Callable[[str, Iterable[tuple[str, object]]], type[Enum]]", Enum)

ErrorCode = strawberry.enum(
    _make_enum(
        "ErrorCode",
        [(code, strawberry.enum_value(code, description=text)) for code, text in sorted(codes().items())],
    ),
    description="What went wrong, as a stable word to act on. Each has a page in the documentation.",
)
"""Built from the error trees, so that a new error class is a new value without another edit."""


@strawberry.type(description="Something that was expected to go wrong sometimes, told to the person who asked.")
class UserError:
    """One expected failure of a mutation."""

    message: str = strawberry.field(description="One clear sentence that may be shown to anybody.")
    path: list[str] = strawberry.field(
        description='The input field it is about, outermost first, with places in lists: `["input", "name"]`, '
        '`["input", "uploads", "2", "size"]`. `["input"]` where no field is to blame.'
    )
    retryable: bool = strawberry.field(description="Whether the same request may succeed later.")
    code: str = strawberry.field(
        graphql_type=ErrorCode, description="What went wrong, as a stable word to act on.", default=INTERNAL_ERROR
    )


def user_error(error: Exception, path: Sequence[str] = INPUT, fields: Sequence[str] | None = INPUT) -> UserError:
    """Turn an expected error into the entry of a payload. Raises ``error`` itself when it was not expected.

    ``fields`` is where the fields stand that an error may name; None where they are not those of this input, but of an
    earlier one. ``path`` is what an error is about that names none. What may pass by itself is no field's fault.
    """
    found = _user_error(error, path)
    named = getattr(error, "path", ())  # Those of authz have none.
    if fields is not None and (named or found.retryable):
        found.path = [*fields, *named]
    return found


def _user_error(error: Exception, path: Sequence[str]) -> UserError:
    if isinstance(error, ConditionFailed):
        undecided.tell(error)
    if isinstance(error, (StorageError, AccountsError, AuthzError)):
        return UserError(message=error.message, path=list(path), retryable=error.retryable, code=error.code)
    if isinstance(error, InvalidId):
        # An id that cannot name anything is answered like an id that names nothing.
        return UserError(message=NotFound.default_message, path=list(path), retryable=False, code=NotFound.code)
    raise error


def detailed(error: AuthzError, path: Sequence[str] = INPUT, advice: str = "") -> UserError:
    """Return the entry of a payload with the detail of the one case: for those who edit the authorization model."""
    return UserError(
        message=f"{error}{advice and f'.{advice}'}", path=list(path), retryable=error.retryable, code=error.code
    )


class Detailed(GraphQLError):
    """A question that does not fit the authorization model, told with its detail to those who edit it or audit."""

    def __init__(self, error: AuthzError, advice: str = "") -> None:
        super().__init__(f"{error}{advice and f'.{advice}'}", extensions={"code": error.code})


def bad_input(message: str, *path: str) -> UserError:
    """Return the entry for an argument out of its documented range."""
    return UserError(message=message, path=["input", *path], retryable=False, code=BAD_USER_INPUT)


def formatted(errors: Sequence[GraphQLError], request_id: str) -> list[dict[str, Any]]:
    """Format the top-level ``errors`` of a response: each has ``extensions.code`` and ``extensions.requestId``."""
    return [_format(error, request_id) for error in errors]


def is_outage(result: Mapping[str, Any]) -> bool:
    """Tell whether a whole answer is lost because a part of the installation is away; it may be asked for again.

    An answer that still has something in it is none: of two mutations the first may have been done.
    """
    data = result.get("data")
    if "errors" not in result or (data is not None and any(value is not None for value in data.values())):
        return False
    return any(error["extensions"]["code"] in _OUTAGES for error in result["errors"])


def _format(error: GraphQLError, request_id: str) -> dict[str, Any]:
    original = error.original_error
    shown = error.formatted
    message = shown["message"]
    code = (error.extensions or {}).get("code")
    outage = outage_of(original) if original is not None else None
    if outage is not None:
        logger.warning("Request %s: the database failed: %s", request_id, str(original).partition("\n")[0])
        original = outage
    retryable = False
    if isinstance(original, Expected):
        expected = user_error(original)
        message, code, retryable = expected.message, expected.code, expected.retryable
    elif original is not None and not isinstance(original, GraphQLError):
        logger.error("Request %s failed unexpectedly.", request_id, exc_info=original)
        message, code = f"Something went wrong. Tell the operator this request id: {request_id}", INTERNAL_ERROR
    result: dict[str, Any] = {
        "message": message,
        "extensions": {"code": code or BAD_USER_INPUT, "requestId": request_id},
    }
    if retryable:
        result["extensions"]["retryable"] = True
    for key in ("locations", "path"):
        if shown.get(key):
            result[key] = shown[key]
    return result
