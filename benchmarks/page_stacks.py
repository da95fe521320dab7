"""The page of ``page_100`` over HTTP: the production stack (PostgreSQL, S3, OpenFGA, nginx) against the embedded one.

How many statements and calls it takes there is no matter of time: ``tests/schema/test_with_openfga.py`` counts them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace

from benchmarks.account import Account, open_account
from benchmarks.rounds import interleave, medians
from benchmarks.row import Row, Size, Skipped
from benchmarks.wire import endpoint
from tests.components.production import PartMissing, production
from tests.components.server import serving

NAME = "page_stacks"
_FILES = 100
_PAGE = """query Page {
  files(first: 100) {
    nodes {
      id name size contentType sha256 version createdAt updatedAt
      viewerCan { view download edit share delete upload }
      downloadUrl { url expiresAt }
    }
    pageInfo { hasNextPage endCursor }
  }
}"""


def run(size: Size) -> list[Row]:
    """Rounds of pages: 15 x 20 (full), 5 x 10 (short)."""
    rounds, pages = (15, 20) if size == "full" else (5, 10)
    try:
        with production() as stack, serving() as server:
            whole = replace(open_account(stack.servers[0]), url=stack.url)
            contestants = {"production": _reading(whole, pages), "embedded": _reading(open_account(server), pages)}
            milliseconds = medians(interleave(contestants, rounds))
    except PartMissing as missing:
        raise Skipped(str(missing)) from missing
    return [Row(NAME, milliseconds["production"], milliseconds["embedded"], "ms", None, "at most", "embedded")]


def _reading(account: Account, pages: int) -> Callable[[], float]:
    """Fill the drive, and return what reads ``pages`` pages and tells how many milliseconds one took."""
    _fill(account)
    body = json.dumps({"query": _PAGE}).encode()
    connection = account.connection()

    def read() -> float:
        started = time.perf_counter()
        for _ in range(pages):
            answer = json.loads(connection.request("POST", "/graphql", body, account.headers))
            assert len(answer["data"]["files"]["nodes"]) == _FILES, answer
        return (time.perf_counter() - started) * 1000 / pages

    read()
    return read


def _fill(account: Account) -> None:
    begun = account.begin([(f"{number:03}", 1) for number in range(_FILES)])
    connection = account.connection()
    for _, url in begun:
        connection.request("PUT", endpoint(url).path, b"x", {"Content-Type": "application/octet-stream"})
    connection.close()
    account.finalize([upload_id for upload_id, _ in begun])
