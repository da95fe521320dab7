"""``filegraph``, the command. Picks the application by the command's name, so that clients load neither Django nor the
server's settings.
"""

from __future__ import annotations

import importlib
import sys

from filegraph.cli.late_commands import AUTHZ_COMMANDS, OFFLINE_COMMANDS, SERVER_COMMANDS


def main() -> None:
    """Run the command of ``sys.argv``. Exit code 2: wrong usage or wrong settings."""
    command, of_group = [*(argument for argument in sys.argv[1:] if not argument.startswith("-")), "", ""][:2]
    if command in SERVER_COMMANDS:
        importlib.import_module("filegraph.cli.server_start").start(SERVER_COMMANDS[command].module, command)
    elif command == "authz" and of_group in AUTHZ_COMMANDS:
        importlib.import_module("filegraph.cli.server_start").start(AUTHZ_COMMANDS[of_group].module)
    elif command in OFFLINE_COMMANDS:
        importlib.import_module(OFFLINE_COMMANDS[command].module).app()
    else:
        importlib.import_module("filegraph.cli.app").app()


if __name__ == "__main__":
    main()
