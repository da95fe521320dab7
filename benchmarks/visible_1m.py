"""A page of 50 by name, from the middle of a million files in 50,000 folders, against the same page of 10,000 files.

For somebody who sees nothing, 100 files, about half of them, and all of them, by shares of folders; on SQLite and on
PostgreSQL. The exact count of the list is shown by itself: it looks at what there is to see.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from benchmarks.row import Row, Size
from benchmarks.twins import medians
from tests.components.postgresql import available, postgresql

NAME = "visible_1m"
VIEWERS = ("nothing", "a hundred", "half", "everything")


def run(size: Size) -> list[Row]:
    """1,000,000 files against 10,000 (full), 100,000 against 10,000 (short)."""
    large = (50_000, 1_000_000) if size == "full" else (5_000, 100_000)
    rows = _compare("SQLite", large, "", "")
    if available():
        with postgresql() as url, _databases(url) as (one, other):
            rows += _compare("PostgreSQL", large, one, other)
    return rows


def _compare(database: str, large: tuple[int, int], large_url: str, small_url: str) -> list[Row]:
    figures = medians(
        "benchmarks.visible_viewers",
        {"large": [*map(str, large), large_url], "small": ["500", "10000", small_url]},
        rounds=5,
    )
    title = f"{NAME}: {database}, {large[1]:,} files"
    rows = []
    for viewer in VIEWERS:
        ours, reference = figures["large"][viewer], figures["small"][viewer]
        rows.append(Row(f"{title}, who sees {viewer}", ours, reference, "ms", 2.0, "at most", "of 10,000"))
    rows += [Row(f"{title}, count for {viewer}", figures["large"][f"count {viewer}"], None, "ms") for viewer in VIEWERS]
    return rows


@contextmanager
def _databases(url: str) -> Iterator[tuple[str, str]]:
    base = url.rpartition("/")[0]
    with psycopg.connect(url, autocommit=True) as session:
        for name in ("large", "small"):
            session.execute(f"CREATE DATABASE {name}")
    yield f"{base}/large", f"{base}/small"
