"""``filegraph``, the command. Picks the application by the command's name, so that clients never load Django."""

from __future__ import annotations

import importlib
import sys

from filegraph.cli.server_commands import SERVER_COMMANDS
from filegraph.environment import InvalidEnvironment, read_environment
from filegraph.secret_key import ensure_secret_key

USAGE_ERROR = 2


def main() -> None:
    """Run the command of ``sys.argv``. Exit code 2: wrong usage or wrong settings, with one sentence for each."""
    command = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), "")
    if command not in SERVER_COMMANDS:
        importlib.import_module("filegraph.cli.app").app()
        return
    try:
        if command == "setup":
            # Before Django reads its settings, which hold the key.
            environment = read_environment()
            if environment.secret_key is None:
                ensure_secret_key(environment.data_dir)
        server = importlib.import_module(SERVER_COMMANDS[command].module)
    except InvalidEnvironment as error:
        for problem in error.problems:
            sys.stderr.write(f"{problem}\n")
        sys.exit(USAGE_ERROR)
    except OSError as error:
        sys.stderr.write(f"The data directory cannot be used: {error.strerror}.\n")
        sys.exit(USAGE_ERROR)
    server.app()


if __name__ == "__main__":
    main()
