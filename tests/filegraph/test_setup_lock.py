"""Several units that begin with ``filegraph setup`` at the same moment make one installation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.components.server import new_database


@pytest.fixture
def server(tmp_path: Path) -> dict[str, str]:
    """The environment of an installation that is not set up yet, on the database under test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FILEGRAPH_", "DJANGO_"))}
    if os.environ.get("FILEGRAPH_TEST_DATABASE") == "postgresql":
        kept["FILEGRAPH_DATABASE_URL"] = new_database(os.environ["FILEGRAPH_TEST_DATABASE_URL"])
    return {**kept, "FILEGRAPH_DATA_DIR": str(tmp_path / "data")}


def test_setups_at_once(server: dict[str, str]) -> None:
    command = [sys.executable, "-m", "filegraph", "setup"]
    running = [
        subprocess.Popen(command, env=server, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=100)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    assert sum("migrations" in text for text in said) == 1
    assert sum("Files will be kept" in text for text in said) == 1
