"""What is uploaded: a real tree and one big file; and whether two trees are the same."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import django

from filegraph.client.hashing import sha256_of

_MIB = 1024 * 1024


def copy_tree(destination: Path, part: str = "") -> None:
    """Copy the installed Django distribution (or ``part`` of it, under its own path): thousands of files, deep."""
    source, destination = Path(django.__file__).parent / part, destination / part
    shutil.copytree(source, destination, ignore=shutil.ignore_patterns("__pycache__"))


def write_big_file(path: Path, size: int) -> None:
    """Write ``size`` bytes of which no MiB is like another."""
    noise = os.urandom(_MIB)
    with path.open("wb") as file:
        for number in range(-(-size // _MIB)):
            shift = number * 4099 % _MIB
            block = number.to_bytes(8, "big") + noise[shift:] + noise[:shift]
            file.write(block[: min(_MIB, size - number * _MIB)])


def fingerprint(top: Path) -> dict[str, tuple[str, int]]:
    """(SHA-256, size) of every file below ``top``, by its path with slashes."""
    files = (path for path in sorted(top.rglob("*")) if path.is_file())
    return {path.relative_to(top).as_posix(): sha256_of(path) for path in files}


def total(prints: dict[str, tuple[str, int]]) -> int:
    """All bytes together."""
    return sum(size for _, size in prints.values())
