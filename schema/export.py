"""The schema as text: what ``schema.graphql`` holds and ``GET /graphql/schema.graphql`` serves."""

from __future__ import annotations

from functools import lru_cache

from schema.root import schema


@lru_cache(maxsize=1)
def sdl() -> str:
    """Return the schema in the schema definition language, sorted by name, with one newline at its end."""
    return schema.as_str().rstrip("\n") + "\n"
