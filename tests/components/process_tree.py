"""What a process and its children use: CPU seconds, memory and bytes written, from Linux's /proc."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """``pid`` and all its living descendants."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                found.extend(int(child) for child in (task / "children").read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """User and system seconds of ``pid`` and its living descendants since they started."""
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def resident_bytes(pid: int) -> int:
    """Resident memory of ``pid`` and its descendants, in bytes; file pages that are only mapped do not count."""
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{member}/status").read_text().splitlines():
                if line.startswith("RssAnon:"):
                    total += int(line.split()[1]) * 1024
    return total


def written_bytes(pid: int) -> int:
    """Bytes that ``pid`` and its descendants caused to be written to storage."""
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{member}/io").read_text().splitlines():
                if line.startswith("write_bytes:"):
                    total += int(line.split()[1])
    return total


def moved_bytes(pid: int) -> int:
    """Bytes that ``pid`` and its descendants read and wrote, of files and connections alike."""
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{member}/io").read_text().splitlines():
                if line.startswith(("rchar:", "wchar:")):
                    total += int(line.split()[1])
    return total


class PeakMemory:
    """The highest resident memory seen; filled while ``watching`` runs."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.peak = start

    @property
    def growth(self) -> int:
        """Bytes above the start."""
        return self.peak - self.start


@contextlib.contextmanager
def watching(pid: int, interval: float = 0.02) -> Iterator[PeakMemory]:
    """Look at the memory of ``pid`` every ``interval`` seconds until the end of the block."""
    memory = PeakMemory(resident_bytes(pid))
    done = threading.Event()

    def look() -> None:
        while not done.wait(interval):
            memory.peak = max(memory.peak, resident_bytes(pid))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield memory
    finally:
        done.set()
        watcher.join()
        memory.peak = max(memory.peak, resident_bytes(pid))
