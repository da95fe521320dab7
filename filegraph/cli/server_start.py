"""The way to a server command: settings are read and judged before Django is. Clients never come here."""

from __future__ import annotations

import importlib
import sys

from filegraph.environment import InvalidEnvironment, read_environment
from filegraph.secret_key import ensure_secret_key

USAGE_ERROR = 2


def start(module: str, command: str = "") -> None:
    """Run a server command of a module. Exit code 2: wrong settings, with one sentence for each."""
    try:
        if command == "setup":
            # Before Django reads its settings, which hold the key.
            environment = read_environment()
            if environment.secret_key is None:
                ensure_secret_key(environment.data_dir)
        server = importlib.import_module(module)
    except InvalidEnvironment as error:
        for problem in error.problems:
            sys.stderr.write(f"{problem}\n")
        sys.exit(USAGE_ERROR)
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        sys.stderr.write(f"FILEGRAPH_DATA_DIR, the data directory, cannot be used: {error.strerror}{place}.\n")
        sys.exit(USAGE_ERROR)
    server.app()
