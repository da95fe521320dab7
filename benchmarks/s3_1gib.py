"""One big file to an S3 store and back: what Filegraph itself moves of it, and how much it grows.

The speed of the store (SeaweedFS) is no matter of ours; it is told beside a PUT of the same bytes by a link of boto3,
without any of what we bind.
"""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.account import Account, open_account
from benchmarks.rounds import interleave, medians
from benchmarks.row import Row, Size, Skipped
from benchmarks.wire import get_bytes, put_file
from filegraph.client import operations
from filegraph.client.hashing import sha256_of
from scripts.demo.material import write_big_file
from tests.components.process_tree import cpu_seconds, moved_bytes, watching
from tests.components.seaweedfs import SeaweedFS, SeaweedFSMissing, seaweedfs
from tests.components.server import serving

NAME = "s3_1gib"
_MIB = 1 << 20


def run(size: Size) -> list[Row]:
    """1 GiB three times (full), 256 MiB twice (short)."""
    length, rounds = (1 << 30, 3) if size == "full" else (256 * _MIB, 2)
    with tempfile.TemporaryDirectory(prefix="filegraph-bench-") as name:
        source = Path(name) / "source"
        write_big_file(source, length)
        try:
            with seaweedfs(Path(name)) as store:
                return _measured(store, source, rounds)
        except SeaweedFSMissing as missing:
            raise Skipped(str(missing)) from missing


def _measured(store: SeaweedFS, source: Path, rounds: int) -> list[Row]:
    length = source.stat().st_size
    with serving(store.settings()) as server:
        account = open_account(server)
        ours = _ours(account, source)
        _small(account, source.parent / "small")
        moved, cpu = moved_bytes(server.pid), cpu_seconds(server.pid)
        with watching(server.pid) as memory:
            speed = medians(interleave({"ours": ours, "boto3": lambda: _theirs(store, source)}, rounds))
        moved, cpu = (moved_bytes(server.pid) - moved) // rounds, (cpu_seconds(server.pid) - cpu) / rounds
    return [
        Row(f"{NAME}: moved by Filegraph", moved / _MIB, length / _MIB, "MiB", 0.001, "at most", "MiB sent and read"),
        Row(f"{NAME}: memory growth", memory.growth / _MIB, None, "MiB", 4, "at most"),
        Row(f"{NAME}: CPU of Filegraph", cpu * 1000, None, "ms"),
        Row(f"{NAME}: speed of a PUT", speed["ours"], speed["boto3"], "MB/s", None, "at least", "a plain link"),
    ]


def _small(account: Account, path: Path) -> None:
    """The whole way once, unmeasured: imports, the first statements, the row of the store."""
    path.write_bytes(b"small")
    _ours(account, path)()


def _ours(account: Account, source: Path) -> Callable[[], float]:
    sha256, length = sha256_of(source)

    def put() -> float:
        # Other bytes each time would have to be hashed each time; the file is replaced by itself, in another drive.
        with account.client as client:
            drive = client.mutate(operations.CREATE_DRIVE, {"name": secrets.token_hex(8)})["drive"]["id"]
            wanted = {"parentId": drive, "name": "big", "size": str(length), "sha256": sha256}
            (begun,) = client.results(operations.BEGIN_UPLOADS, "uploads", [wanted])
            plan = begun["upload"]["transport"]
            started = time.perf_counter()
            put_file(plan["url"], source, {each["name"]: each["value"] for each in plan["headers"]})
            seconds = time.perf_counter() - started
        (file_id,) = account.finalize([begun["upload"]["id"]])
        assert get_bytes(account.download_url(file_id), digest=True) == (length, sha256)
        return length / 1e6 / seconds

    return put


def _theirs(store: SeaweedFS, source: Path) -> float:
    where = {"Bucket": store.bucket, "Key": secrets.token_hex(8)}
    url = store.client().generate_presigned_url("put_object", Params=where)
    started = time.perf_counter()
    put_file(url, source)
    seconds = time.perf_counter() - started
    store.client().delete_object(Bucket=store.bucket, Key=where["Key"])
    return source.stat().st_size / 1e6 / seconds
