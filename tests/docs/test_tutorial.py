"""The tutorial's shell blocks, run word by word against a real server."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.components.server import ROOT, serving

TUTORIAL = (ROOT / "docs" / "tutorial" / "README.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", TUTORIAL, re.MULTILINE | re.DOTALL)


# Thirty commands, each a process of its own.
@pytest.mark.timeout(300)
def test_the_shell_blocks_do_what_they_say(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FILEGRAPH_")}
    with serving() as server:
        done = subprocess.run(
            ["bash", "-c", "set -euo pipefail\n" + "\n".join(BLOCKS).replace("http://127.0.0.1:8000", server.url)],
            cwd=tmp_path,
            env=environment
            | {
                "SETUP_TOKEN": server.setup_token,
                "XDG_CONFIG_HOME": str(tmp_path / "ada"),
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            },
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
    assert done.returncode == 0, f"{done.stdout[-1500:]}\n{done.stderr}"
    assert "there is nothing here that you can see" in done.stderr
    assert "accounts.txt" in done.stdout
