"""One big file down: speed and memory against nginx's static files."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.account import open_account
from benchmarks.rounds import interleave, medians
from benchmarks.row import Row, Size
from benchmarks.wire import get_bytes, put_file
from filegraph.client.hashing import sha256_of
from scripts.demo.material import write_big_file
from tests.components.nginx import nginx
from tests.components.process_tree import watching
from tests.components.server import serving

NAME = "get_1gib"
_MIB = 1 << 20


def run(size: Size) -> list[Row]:
    """1 GiB seven times (full), 256 MiB five times (short)."""
    length, rounds = (1 << 30, 7) if size == "full" else (256 * _MIB, 5)
    with tempfile.TemporaryDirectory(prefix="filegraph-bench-") as name, serving() as server, nginx() as peer:
        source = Path(name) / "source"
        write_big_file(source, length)
        account = open_account(server)
        ((upload_id, url),) = account.begin([("big.bin", length)])
        put_file(url, source)
        (file_id,) = account.finalize([upload_id])
        put_file(f"{peer.url}/big.bin", source)
        link, expected = account.download_url(file_id), (length, sha256_of(source)[0])
        assert get_bytes(link, digest=True) == expected
        assert get_bytes(f"{peer.url}/big.bin", digest=True) == expected
        contestants = {"ours": lambda: _speed(link, length), "nginx": lambda: _speed(f"{peer.url}/big.bin", length)}
        with watching(server.pid) as memory:
            speed = medians(interleave(contestants, rounds))
    return [
        Row(f"{NAME}: speed", speed["ours"], speed["nginx"], "MB/s", 0.8, "at least", "nginx static"),
        Row(f"{NAME}: memory growth", memory.growth / _MIB, None, "MiB", 16, "at most"),
    ]


def _speed(url: str, length: int) -> float:
    started = time.perf_counter()
    received, _ = get_bytes(url)
    assert received == length
    return length / 1e6 / (time.perf_counter() - started)
