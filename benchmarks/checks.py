"""One whole permission check as a download asks it, and the flags of a page, among many grants: the time in the middle.

Files 8 folders deep; the reader is in a group in a group in a group, which sees the topmost folder; a stranger sees
nothing. The statements that each of them takes are counted.
"""

from __future__ import annotations

from benchmarks.row import Row, Size
from benchmarks.twins import medians

NAME = "check"


def run(size: Size) -> list[Row]:
    """1,000,000 other grants against 10,000 (full), 100,000 against 10,000 (short)."""
    many = 1_000_000 if size == "full" else 100_000
    figures = medians("benchmarks.questions", {"many": [str(many)], "few": ["10000"]}, rounds=7)
    rows = []
    title = f"{NAME}, {many:,} grants"
    for name in ("allowed", "refused", "page of 100 x 6"):
        ours, reference = figures["many"][name], figures["few"][name]
        if name != "page of 100 x 6":
            rows.append(Row(f"{title}: {name}, p50", ours, None, "us", 1000, "at most"))
        rows.append(Row(f"{title}: {name}, p50 against 10,000", ours, reference, "us", 1.5, "at most"))
        statements = figures["many"][f"{name}, statements"]
        rows.append(Row(f"{title}: {name}, SQL statements", statements, None, "", 6, "at most"))
    return rows
