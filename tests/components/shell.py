"""Somebody at the command line: real commands, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.components.api import Api


@dataclass(frozen=True)
class Shell:
    """Somebody's terminal: her own configuration folder."""

    home: Path
    more: tuple[tuple[str, str], ...] = ()

    def __call__(
        self, *arguments: str | Path, stdin: str = "", terminal: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command. ``terminal``: a descriptor to be its standard input, instead of a pipe with ``stdin``."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FILEGRAPH_")}
        environment = {**kept, "XDG_CONFIG_HOME": str(self.home), **dict(self.more)}
        command = [sys.executable, "-m", "filegraph", *map(str, arguments)]
        given: dict[str, Any] = {"input": stdin} if terminal is None else {"stdin": terminal}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=100, check=False, **given
        )
        assert "Traceback" not in done.stderr + done.stdout, done.stderr
        return done

    def ok(self, *arguments: str | Path, stdin: str = "") -> str:
        done = self(*arguments, stdin=stdin)
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout


def shell_of(person: Api, home: Path) -> Shell:
    return Shell(home, (("FILEGRAPH_URL", person.url), ("FILEGRAPH_TOKEN", person.token)))


def contents(top: Path) -> dict[str, bytes]:
    """The files below a folder, by path."""
    return {p.relative_to(top).as_posix(): p.read_bytes() for p in top.rglob("*") if p.is_file()}
