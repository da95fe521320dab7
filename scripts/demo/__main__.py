"""Run the demonstration. Exit code 1 on any mismatch, and when it could not be told to its end."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from filegraph.client.terminal import parse_size
from scripts.demo.mismatch import Mismatch
from scripts.demo.person import CommandFailed
from scripts.demo.report import Report
from scripts.demo.stack import STACKS, Stack
from scripts.demo.story import CAST, Story
from tests.components.production import PartMissing
from tests.components.server import ServerFailed


def main() -> int:
    """Start the stack, tell the story, print the table."""
    parser = argparse.ArgumentParser(prog="python -m scripts.demo", description="Show that the service works.")
    parser.add_argument("--big", type=parse_size, default=1 << 30, help="size of the big file, for example 64M")
    parser.add_argument("--small", action="store_true", help="take a part of the tree only")
    parser.add_argument("--place", type=Path, help="folder for the temporary files (about three times the size)")
    options = parser.parse_args()
    stack = STACKS.get(os.environ.get("STACK") or "embedded")
    if stack is None:
        sys.stderr.write(f"STACK must be one of: {', '.join(sorted(STACKS))}.\n")
        return 2
    try:
        with tempfile.TemporaryDirectory(prefix="filegraph-demo-", dir=options.place) as name:
            report = _run(stack, Path(name), options)
        print(f"\n{report.table()}\n\nEverything is as it has to be.")
    except PartMissing as error:
        sys.stderr.write(f"\n{error}\nscripts/install-components installs the parts that pip does not have.\n")
        return 2
    except (Mismatch, CommandFailed, ServerFailed) as error:
        sys.stderr.write(f"\n{headline(error)}: {error}\n")
        return 1
    return 0


def _run(stack: Stack, folder: Path, options: argparse.Namespace) -> Report:
    sys.stderr.write(f"{CAST}\n")
    report = Report()
    report.begin("start the service")
    with stack(folder) as service:
        sys.stderr.write(f"Filegraph at {service.url} ({service.description})\n")
        try:
            Story(service, folder, report, options.big, small=options.small).tell()
        except (Mismatch, CommandFailed):
            sys.stderr.write(f"\n{service.log_tails()}\n")
            raise
        report.finish()
    return report


def headline(error: Exception) -> str:
    """Tell what is wrong about the service from what kept the story from being told."""
    if isinstance(error, Mismatch):
        return "MISMATCH"
    if isinstance(error, CommandFailed) and not error.outage:
        return "A COMMAND FAILED"
    return "NO ANSWER (an outage, or a machine under too much load; nothing was found wrong)"


if __name__ == "__main__":
    sys.exit(main())
