"""What the local file system under a folder is like."""

from __future__ import annotations

import tempfile
from pathlib import Path


def ignores_case(folder: Path) -> bool:
    """Whether two names that differ only in case are one file in ``folder``. Raises ``OSError``."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".filegraph-case-a") as probe:
        path = Path(probe.name)
        return path.with_name(path.name.swapcase()).exists()
