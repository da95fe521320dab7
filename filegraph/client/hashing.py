"""SHA-256 of local files, in steps that can be watched and stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

BLOCK = 1024 * 1024
"""Bytes per read."""


def feed(hasher: hashlib._Hash, file: BinaryIO, progress: Callable[[int], None] | None = None) -> int:
    """Hash ``file`` from its position to its end; the number of bytes read. ``progress`` gets bytes per step."""
    total = 0
    while block := file.read(BLOCK):
        hasher.update(block)
        total += len(block)
        if progress is not None:
            progress(len(block))
    return total


def sha256_of(path: Path) -> tuple[str, int]:
    """The hexadecimal SHA-256 and the size in bytes of a file. Raises ``OSError``."""
    hasher = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        size = feed(hasher, file)
    return hasher.hexdigest(), size
