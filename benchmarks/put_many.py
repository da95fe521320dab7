"""Fifty uploads of 64 MiB at the same time: how much memory the server takes for them."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.account import open_account
from benchmarks.row import Row, Size
from benchmarks.wire import put_file
from scripts.demo.material import write_big_file
from tests.components.process_tree import watching
from tests.components.server import serving

NAME = "put_50x64mib"
_MIB = 1 << 20
_COUNT = 50


def run(size: Size) -> list[Row]:
    """50 x 64 MiB (full), 50 x 16 MiB (short)."""
    length = (64 if size == "full" else 16) * _MIB
    with tempfile.TemporaryDirectory(prefix="filegraph-bench-") as name, serving() as server:
        source = Path(name) / "source"
        write_big_file(source, length)
        account = open_account(server)
        begun = account.begin([(f"file {number}", length) for number in range(_COUNT)])
        with watching(server.pid) as memory, ThreadPoolExecutor(_COUNT) as pool:
            list(pool.map(lambda upload: put_file(upload[1], source), begun))
        assert len(account.finalize([upload_id for upload_id, _ in begun])) == _COUNT
    return [Row(f"{NAME}: memory growth", memory.growth / _MIB, None, "MiB", 100, "at most")]
