"""Where SQLite and PostgreSQL differ, and how lists travel.

A list travels as one JSON parameter, so that a statement's text is constant; where it is short and asked for on every
request, as plain parameters, which SQLite reads in a third of the time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

FEW = 32
"""Rows that travel as plain parameters: so few that the texts, one for each number of them, can be remembered."""

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL and its parameters, in the order of their ``%s``; ``compound``: a SELECT with UNION or such."""

    text: str
    params: tuple[Any, ...] = ()
    compound: bool = False


def row_source(vendor: str, columns: Sequence[str]) -> str:
    """Return a SELECT that yields the rows of one JSON parameter (``[[text, ...], ...]``) as text columns."""
    if vendor == "postgresql":
        picked = ", ".join(f"value->>{place} AS {name}" for place, name in enumerate(columns))
        return f"SELECT {picked} FROM jsonb_array_elements(%s::jsonb)"  # noqa: S608
    picked = ", ".join(f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(columns))
    return f"SELECT {picked} FROM json_each(%s)"  # noqa: S608


def rows_parameter(rows: Sequence[Sequence[str | int]]) -> str:
    """Return the parameter for ``row_source``."""
    return _ENCODE(rows)


def rows_of(vendor: str, columns: tuple[str, ...], rows: Sequence[Sequence[str]]) -> Sql:
    """Return a SELECT that yields ``rows`` (not none) as text: of plain parameters if they are few, else of JSON."""
    if len(rows) <= FEW:
        return Sql(_few_rows(columns, len(rows)), tuple(chain.from_iterable(rows)))
    return Sql(row_source(vendor, columns), (rows_parameter(rows),))


@lru_cache(maxsize=256)
def _few_rows(columns: tuple[str, ...], count: int) -> str:
    picked = ", ".join(f"column{place} AS {name}" for place, name in enumerate(columns, 1))
    values = ", ".join([f"({placeholders(columns)})"] * count)
    return f"SELECT {picked} FROM (VALUES {values}) v"  # noqa: S608


def placeholders(values: Sequence[object]) -> str:
    """Return ``%s, %s`` for as many values."""
    return ", ".join(["%s"] * len(values))
