"""Strawberry's decorators with the types that a checker can follow: a described field is still the method it decorates.

Strawberry declares them to return anything, which would leave every resolver untyped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry

Method = TypeVar("Method", bound=Callable[..., Any])
Value = TypeVar("Value")


def field(description: str) -> Callable[[Method], Method]:
    """Make a method the resolver of a described field."""
    return cast("Callable[[Method], Method]", strawberry.field(description=description))


def mutation(description: str) -> Callable[[Method], Method]:
    """Make a method the resolver of a described mutation."""
    return cast("Callable[[Method], Method]", strawberry.mutation(description=description))


def value(raw: Value, description: str) -> Value:
    """Return a described member of an enum, whose Python value is ``raw``."""
    return cast("Value", strawberry.enum_value(raw, description=description))
