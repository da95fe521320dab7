"""Run the demonstration. Exit code 1 on any mismatch."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from filegraph.client.terminal import parse_size
from scripts.demo.person import CommandFailed
from scripts.demo.report import Report
from scripts.demo.stack import STACKS
from scripts.demo.story import Mismatch, Story
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
            folder = Path(name)
            with stack(folder) as service, Report() as report:
                sys.stderr.write(f"Filegraph at {service.url} ({service.description})\n")
                Story(service, folder, report, options.big, small=options.small).tell()
        print(f"\n{report.table()}\n\nEverything is as it has to be.")
    except PartMissing as error:
        sys.stderr.write(f"\n{error}\nscripts/install-components installs the parts that pip does not have.\n")
        return 2
    except (Mismatch, CommandFailed, ServerFailed) as error:
        sys.stderr.write(f"\nMISMATCH: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
