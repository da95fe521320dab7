"""The README's shell blocks, run word by word against a real server."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.components.server import ROOT, Server, serving

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


# Twenty commands, each a process of its own.
@pytest.mark.timeout(300)
def test_the_shell_blocks_do_what_they_say(server: Server, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT / "docs", checkout / "docs")
    before = sorted(checkout.rglob("*"))
    script = "set -euo pipefail\n" + "\n".join(BLOCKS).replace("http://127.0.0.1:8000", server.url)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FILEGRAPH_")} | {
        "SETUP_TOKEN": server.setup_token,
        "TMPDIR": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("Hello, world"), done.stdout
    assert sorted(checkout.rglob("*")) == before, "nothing is left in the checkout"
    assert '"sha256":"4ae7c3b6ac0beff671efa8cf57386151c06e58ca53a78d83f36107316cec125f"' in done.stdout


def test_every_target_it_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make ([a-z-]+)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_link_leads_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / link).exists()
    ]
    assert not broken, "\n".join(broken)
