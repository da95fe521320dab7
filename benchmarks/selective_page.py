"""Somebody who sees 100 files: how much longer her page takes when there are 100,000 files than when there are 1,000.

Two servers, filled alike but for the size; requests over HTTP, interleaved.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

from benchmarks.rounds import interleave, medians
from benchmarks.row import Row, Size
from benchmarks.wire import KeepAlive
from tests.components.server import ROOT, Server, serving

NAME = "selective_page"
VISIBLE = 100
_BODY = json.dumps(
    {"query": "{ files(first: 100) { totalCount nodes { id name size updatedAt } pageInfo { hasNextPage } } }"}
).encode()


def run(size: Size) -> list[Row]:
    """100,000 files against 1,000 (full), 20,000 against 1,000 (short)."""
    many, rounds, pages = (100_000, 15, 20) if size == "full" else (20_000, 7, 20)
    with serving() as large, serving() as small:
        contestants = {}
        for name, server, count in (("large", large, many), ("small", small, 1000)):
            token = _fill(server, count)
            contestants[name] = Reader(server.url, token, pages)
        milliseconds = medians(interleave(contestants, rounds))
    name = f"{NAME}: {VISIBLE} visible of {many:,}"
    return [Row(name, milliseconds["large"], milliseconds["small"], "ms", 1.3, "at most", "of 1,000")]


def _fill(server: Server, count: int) -> str:
    """Insert rows in a process that has the server's settings; the reader's access token."""
    command = [sys.executable, "-m", "benchmarks.fill", str(VISIBLE), str(count)]
    done = subprocess.run(command, cwd=ROOT, env=server.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Reader:
    """Asks for pages on one connection."""

    def __init__(self, url: str, token: str, pages: int) -> None:
        self._connection = KeepAlive(url)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._pages = pages

    def __call__(self) -> float:
        """The median time of a page in milliseconds."""
        times = []
        for _ in range(self._pages):
            started = time.perf_counter()
            answer = json.loads(self._connection.request("POST", "/graphql", _BODY, self._headers))
            times.append((time.perf_counter() - started) * 1000)
            files = answer["data"]["files"]
            assert files["totalCount"] == len(files["nodes"]) == VISIBLE
            assert all(node["name"].startswith("seen") for node in files["nodes"])
        return statistics.median(times)
