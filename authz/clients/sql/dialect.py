"""Where SQLite and PostgreSQL differ. Lists travel as one JSON parameter, so that a statement's text is constant."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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


def placeholders(values: Sequence[object]) -> str:
    """Return ``%s, %s`` for as many values."""
    return ", ".join(["%s"] * len(values))
