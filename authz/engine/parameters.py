"""The values of condition parameters: from JSON, as a context has them, to what an expression is evaluated with.

OpenFGA's rules (internal/condition/types/converters.go): every number of JSON is a double; a number may also come as a
text; durations are Go's ("1h30m"), times RFC 3339. Both are exact to a microsecond here, finer digits are cut off.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from authz.dsl.addresses import canonical_address
from authz.dsl.model import ParameterType

_INT_MIN, _INT_MAX = -(1 << 63), (1 << 63) - 1
_MANTISSA_BITS = 64
"""Bits that OpenFGA keeps of a number that comes as a text."""

_TEXT_CHARACTERS = 400
"""Characters of a text that is read as a number, a time or a duration: more than any of them needs."""

_NUMBER = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:[eE]([+-]?[0-9]{1,4}))?")
_EXPONENT = 2 * _TEXT_CHARACTERS
"""Beyond it, however many digits there are, a number is too large for every type, or too small for every one."""

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT[0-2]\d:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DURATION = re.compile(r"[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)", re.ASCII)
_DURATION_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)", re.ASCII)
_NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,
    "\u03bcs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}


def typed(declared: ParameterType, value: Any) -> Any:
    """Return a JSON value as the type that a parameter declares. Raises ValueError, which repeats no value."""
    if declared.element is None:
        return _CONVERTERS[declared.name](value)
    element = declared.element
    if declared.name == "list":
        if not isinstance(value, list | tuple):
            raise ValueError("expected a list")
        return [typed(element, item) for item in value]
    if not _is_object(value):
        raise ValueError("expected a map")
    return {key: typed(element, item) for key, item in value.items()}


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("expected a bool")
    return value


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a string")
    return value


def _any(value: Any) -> Any:
    """Any JSON value; in it too a number is a double."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, list | tuple):
        return [_any(item) for item in value]
    if _is_object(value):
        return {key: _any(item) for key, item in value.items()}
    return _json_number(value)


def _int(value: Any) -> int:
    number = _rational(value)
    if number.denominator != 1:
        raise ValueError("expected a whole number")
    return min(max(number.numerator, _INT_MIN), _INT_MAX)


def _uint(value: Any) -> int:
    number = _int(value)
    if number < 0:
        raise ValueError("expected a number that is not negative")
    return number


def _double(value: Any) -> float:
    if not isinstance(value, str):
        return _json_number(value)
    number = _rational(value)
    try:
        found = float(number)
    except OverflowError as error:
        raise ValueError("the number is too large for a double") from error
    if Fraction(found) != number:
        raise ValueError("the number cannot be told exactly by a double")
    return found


def _rational(value: Any) -> Fraction:
    if not isinstance(value, str):
        return Fraction(_json_number(value))
    parts = _matched(_NUMBER, value)
    if parts is None:
        raise ValueError("expected a number")
    exponent = min(max(int(parts[2] or 0), -_EXPONENT), _EXPONENT)
    return _with_mantissa(Fraction(f"{parts[1]}e{exponent}"))


def _with_mantissa(number: Fraction) -> Fraction:
    """Round to the 64 bits that OpenFGA keeps of a number in a text."""
    exponent = number.numerator.bit_length() - number.denominator.bit_length() - _MANTISSA_BITS
    # The quotient has as many bits as we want, or one more.
    if abs(number) >= Fraction(2) ** (exponent + _MANTISSA_BITS):
        exponent += 1
    unit = Fraction(2) ** exponent
    return round(number / unit) * unit


def _json_number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("expected a number")
    try:
        found = float(value)
    except OverflowError as error:
        raise ValueError("the number is too large for a double") from error
    if not math.isfinite(found):
        raise ValueError("expected a number")
    return found


def _duration(value: Any) -> timedelta:
    if _matched(_DURATION, value) is None:
        raise ValueError('expected a duration like "1h30m"')
    parts = _DURATION_PART.findall(value)
    nanoseconds = sum((math.floor(Fraction(number) * _NANOSECONDS[unit]) for number, unit in parts), 0)
    if nanoseconds > _INT_MAX:
        raise ValueError("the duration is longer than 292 years")
    found = timedelta(microseconds=nanoseconds // 1_000)
    return -found if value.startswith("-") else found


def _timestamp(value: Any) -> datetime:
    parts = _matched(_TIME, value)
    if parts is None:
        raise ValueError("expected a time of RFC 3339")
    seconds, fraction, zone = parts.groups()
    try:
        found = datetime.fromisoformat(seconds + ("+00:00" if zone == "Z" else zone))
        return found.astimezone(UTC) + timedelta(microseconds=int((fraction or "0")[:6].ljust(6, "0")))
    except (ValueError, OverflowError) as error:
        raise ValueError("expected a time of RFC 3339") from error


def _ipaddress(value: Any) -> bytes:
    if not isinstance(value, str):
        raise ValueError("expected an IP address")
    try:
        return canonical_address(value)
    except ValueError as error:
        raise ValueError("expected an IP address") from error


def _matched(pattern: re.Pattern[str], value: Any) -> re.Match[str] | None:
    """Return the match of a whole text; a pattern holds everybody up, and is never asked about a long one."""
    return pattern.fullmatch(value) if isinstance(value, str) and len(value) <= _TEXT_CHARACTERS else None


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


_CONVERTERS: Mapping[str, Callable[[Any], Any]] = {
    "any": _any,
    "bool": _bool,
    "string": _string,
    "int": _int,
    "uint": _uint,
    "double": _double,
    "duration": _duration,
    "timestamp": _timestamp,
    "ipaddress": _ipaddress,
}
