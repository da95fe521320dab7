"""``filegraph``, the command. Picks the application by the command's name, so that clients load neither Django nor the
server's settings.
"""

from __future__ import annotations

import importlib
import sys

from filegraph.cli.server_commands import OFFLINE_COMMANDS, SERVER_COMMANDS


def main() -> None:
    """Run the command of ``sys.argv``. Exit code 2: wrong usage or wrong settings."""
    words = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    command, inner = "".join(words[:1]), " ".join(words[:2])
    if command in SERVER_COMMANDS or inner in SERVER_COMMANDS:
        start = importlib.import_module("filegraph.cli.server_start").start
        start(command if command in SERVER_COMMANDS else inner)
    elif command in OFFLINE_COMMANDS:
        importlib.import_module(OFFLINE_COMMANDS[command].module).app()
    else:
        importlib.import_module("filegraph.cli.app").app()


if __name__ == "__main__":
    main()
