"""The demonstration tells the truth: it runs to its end on a small tree."""

import os
import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.sqlite
def test_the_demonstration_runs() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FILEGRAPH_")}
    done = subprocess.run(
        [sys.executable, "-m", "scripts.demo", "--big", "8M", "--small"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Everything is as it has to be." in done.stdout
    assert "Cleo sees nothing" in done.stdout
