"""Run benchmarks, each in a process of its own; print one table; keep the same rows in results.json."""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import cast

from benchmarks.row import Benchmark, Row, Size, Skipped, table
from tests.components.nginx import NginxMissing

BENCHMARKS = {
    "put_1gib": "benchmarks.put_1gib",
    "put_50x64mib": "benchmarks.put_many",
    "get_1gib": "benchmarks.get_1gib",
    "s3_1gib": "benchmarks.s3_1gib",
    "small_files": "benchmarks.small_files",
    "page_100": "benchmarks.page_100",
    "page_stacks": "benchmarks.page_stacks",
    "selective_page": "benchmarks.selective_page",
    "check": "benchmarks.checks",
    "visible_1m": "benchmarks.visible_1m",
    "openfga_page": "benchmarks.openfga_page",
}
"""Module of each benchmark. Loaded in its own process alone: some set Django up."""
RESULTS = Path(__file__).parent / "results.json"
_ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Exit code 0 when every benchmark ran (targets may be missed), 1 when one failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure against references.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; all when left out")
    parser.add_argument("--name", action="append", default=[], help="the same")
    parser.add_argument("--size", choices=("short", "full"), default="short")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    names: list[str] = [*options.names, *options.name]
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    if options.child:
        return _run_here(names[0], options.size)
    return _run_all(names or list(BENCHMARKS), options.size)


def _run_here(name: str, size: Size) -> int:
    try:
        benchmark = cast("Benchmark", importlib.import_module(BENCHMARKS[name]))
        assert name == benchmark.NAME
        rows = benchmark.run(size)
    except (Skipped, NginxMissing) as reason:
        sys.stderr.write(f"\n!!! {name} SKIPPED: {reason}\n\n")
        return 0
    for row in rows:
        print(json.dumps(row.as_json()))
    return 0


def _run_all(names: list[str], size: Size) -> int:
    rows: list[Row] = []
    failed: list[str] = []
    for name in names:
        sys.stderr.write(f"{name} ...\n")
        started = time.monotonic()
        command = [sys.executable, "-m", "benchmarks", "--child", "--size", size, name]
        done = subprocess.run(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True, check=False)
        rows.extend(_row(line) for line in done.stdout.splitlines())
        if done.returncode:
            failed.append(name)
        sys.stderr.write(f"{name} took {time.monotonic() - started:.0f} s\n")
    print(f"\n{table(rows)}\n")
    machine = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.release()}
    RESULTS.write_text(json.dumps({"size": size, **machine, "rows": [row.as_json() for row in rows]}, indent=2) + "\n")
    if failed:
        sys.stderr.write(f"FAILED: {', '.join(failed)}\n")
    return 1 if failed else 0


def _row(line: str) -> Row:
    values = json.loads(line)
    return Row(**{name: values[name] for name in Row.__dataclass_fields__})


if __name__ == "__main__":
    sys.exit(main())
