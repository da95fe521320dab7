"""The demonstration tells the truth: it runs to its end on a small tree."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.demo.__main__ import headline
from scripts.demo.mismatch import Mismatch
from scripts.demo.person import CommandFailed, Person
from tests.components.server import free_port


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
    assert "start the service" in done.stdout
    assert done.stderr.startswith("Ada administers.")


def test_an_outage_is_no_mismatch(tmp_path: Path) -> None:
    """A server that is not there is told as that; what a command refuses, and what is wrong, as something else."""
    nobody = Person("ben", "a long password", tmp_path)
    with pytest.raises(CommandFailed) as away:
        nobody.sign_in(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(CommandFailed) as refused:
        nobody.run("ls")
    assert headline(away.value).startswith("NO ANSWER")
    assert headline(refused.value) == "A COMMAND FAILED"
    assert headline(Mismatch("The listing is not what was sent.")) == "MISMATCH"
