"""One big file up: speed against nginx's dav PUT, memory, bytes on disk.

nginx does not hash and does not wait for the disk; we do both. The second row makes nginx's file durable too.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.account import Account, open_account
from benchmarks.rounds import interleave, medians
from benchmarks.row import Row, Size
from benchmarks.wire import put_file
from filegraph.client.hashing import sha256_of
from scripts.demo.material import write_big_file
from tests.components.nginx import Nginx, nginx
from tests.components.process_tree import cpu_seconds, watching, written_bytes
from tests.components.server import serving

NAME = "put_1gib"
_MIB = 1 << 20


def run(size: Size) -> list[Row]:
    """1 GiB five times (full), 256 MiB three times (short)."""
    length, rounds = (1 << 30, 5) if size == "full" else (256 * _MIB, 3)
    with tempfile.TemporaryDirectory(prefix="filegraph-bench-") as name, serving() as server, nginx() as peer:
        source = Path(name) / "source"
        write_big_file(source, length)
        account = open_account(server)
        cpu: list[float] = []
        put = _ours(account, source, server.pid, cpu)
        put()  # Once unmeasured: imports, allocator, page cache.
        cpu.clear()
        written = written_bytes(server.pid)
        with watching(server.pid) as memory:
            contestants = {
                "ours": put,
                "nginx": lambda: _theirs(peer, source, durable=False),
                "nginx+fsync": lambda: _theirs(peer, source, durable=True),
            }
            speed = medians(interleave(contestants, rounds))
        written = (written_bytes(server.pid) - written) // rounds
        cpu.sort()
    mib = length // _MIB
    return [
        Row(f"{NAME}: speed", speed["ours"], speed["nginx"], "MB/s", 0.28, "at least", "nginx dav"),
        Row(
            f"{NAME}: speed, both durable", speed["ours"], speed["nginx+fsync"], "MB/s", None, "at least", "nginx+fsync"
        ),
        Row(f"{NAME}: CPU per GiB", cpu[len(cpu) // 2] * 1024 / mib, None, "s"),
        Row(f"{NAME}: memory growth", memory.growth / _MIB, None, "MiB", 16, "at most"),
        Row(f"{NAME}: written to disk", written / _MIB, float(mib), "MiB", 1.01, "at most", "MiB sent"),
    ]


def _ours(account: Account, source: Path, pid: int, cpu: list[float]) -> Callable[[], float]:
    length = source.stat().st_size
    sha256, _ = sha256_of(source)

    def put() -> float:
        ((upload_id, url),) = account.begin([(secrets.token_hex(8), length)])
        before, started = cpu_seconds(pid), time.perf_counter()
        put_file(url, source)
        seconds = time.perf_counter() - started
        cpu.append(cpu_seconds(pid) - before)
        (file_id,) = account.finalize([upload_id])
        with account.client as client:
            found = client.execute("query($id: ID!) { file(id: $id) { size sha256 } }", {"id": file_id})["file"]
        assert found == {"size": str(length), "sha256": sha256}, found
        return length / 1e6 / seconds

    return put


def _theirs(peer: Nginx, source: Path, *, durable: bool) -> float:
    name, length = secrets.token_hex(8), source.stat().st_size
    started = time.perf_counter()
    put_file(f"{peer.url}/{name}", source)
    if durable:
        with (peer.files / name).open("rb") as file:
            os.fsync(file.fileno())
    seconds = time.perf_counter() - started
    assert (peer.files / name).stat().st_size == length
    (peer.files / name).unlink()
    return length / 1e6 / seconds
