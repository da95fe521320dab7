"""The scalars of the API: what crosses the wire as one value, and how it is checked.

Nothing here knows a type, a row or a request. Input that does not fit raises ``GraphQLError`` with a sentence that
may be shown to anybody.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, NewType

import strawberry
from graphql import GraphQLError, IntValueNode, StringValueNode, ValueNode, value_from_ast_untyped
from strawberry.types.scalar import ScalarDefinition

BigInt = NewType("BigInt", int)
"""A signed 64-bit integer: sizes in bytes do not fit GraphQL's 32-bit ``Int``."""

SHA256 = NewType("SHA256", str)
"""A SHA-256 as 64 lower-case hexadecimal digits."""

URL = NewType("URL", str)
"""An absolute URL."""

JSON = NewType("JSON", object)
"""Any JSON: what a condition of the authorization model is given, or a model in OpenFGA's form."""

_BIG_INT_LIMIT = 2**63
_DIGITS = re.compile(r"-?[0-9]{1,19}\Z", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)\Z",
    re.ASCII,
)


def parse_big_int(value: Any) -> int:
    """Read an integer, or its digits as a string, within the signed 64-bit range."""
    if isinstance(value, str) and _DIGITS.match(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not -_BIG_INT_LIMIT <= value < _BIG_INT_LIMIT:
        raise GraphQLError("A BigInt is a whole number of 64 bits, written as digits.")
    return value


def _parse_big_int_literal(node: ValueNode, _variables: dict[str, Any] | None = None) -> int:
    return parse_big_int(node.value if isinstance(node, (IntValueNode, StringValueNode)) else None)


def format_date_time(value: datetime) -> str:
    """Write an aware time as RFC 3339 in UTC with microseconds and "Z"."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    # Half the cost of strftime; a page has hundreds of these.
    return value.isoformat(timespec="microseconds")[:26] + "Z"


def parse_date_time(value: Any) -> datetime:
    """Read an RFC 3339 date-time with an offset, as an aware time in UTC."""
    if isinstance(value, str) and _RFC3339.match(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise GraphQLError("A DateTime is written as in RFC 3339, with an offset: 2026-01-31T23:59:59Z.")


def parse_sha256(value: Any) -> str:
    """Read a SHA-256; the hexadecimal digits are lower case."""
    if isinstance(value, str) and _HEX.match(value):
        return value
    raise GraphQLError("A SHA256 is written as 64 lower-case hexadecimal digits.")


def parse_json(value: Any) -> Any:
    """Take any value as it came in the variables, which are JSON."""
    return value


def _parse_json_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
    return value_from_ast_untyped(node, variables)


def parse_url(value: Any) -> str:
    """Read an absolute http or https URL."""
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        return value
    raise GraphQLError("A URL is absolute and starts with http:// or https://.")


SCALARS: dict[object, ScalarDefinition] = {
    BigInt: strawberry.scalar(
        name="BigInt",
        description=(
            "A whole number of 64 bits with sign. It is sent as a string of digits, because JSON numbers lose digits "
            "above 2^53; a string or an integer is accepted."
        ),
        specified_by_url="https://spec.graphql.org/September2025/#sec-Scalars.Custom-Scalars",
        serialize=str,
        parse_value=parse_big_int,
        parse_literal=_parse_big_int_literal,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A point in time as in RFC 3339. Answers are always in UTC and end in Z.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
        serialize=format_date_time,
        parse_value=parse_date_time,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value: an object, a list, a text, a number, true, false or null.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc8259",
        serialize=parse_json,
        parse_value=parse_json,
        parse_literal=_parse_json_literal,
    ),
    SHA256: strawberry.scalar(
        name="SHA256",
        description="A SHA-256 digest: 64 lower-case hexadecimal digits.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc6234",
        serialize=str,
        parse_value=parse_sha256,
    ),
    URL: strawberry.scalar(
        name="URL",
        description="An absolute URL as in RFC 3986.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3986",
        serialize=str,
        parse_value=parse_url,
    ),
}
"""Python type -> scalar, for ``StrawberryConfig.scalar_map``."""
