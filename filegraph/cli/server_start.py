"""The way to a command of a server or an installation, and the way out. Clients never come here.

Settings are read and judged before Django reads them, and the database is left before the process ends.
"""

from __future__ import annotations

import importlib
import sys

from django.db import connection

from filegraph.environment import InvalidEnvironment, read_environment
from filegraph.secret_key import ensure_secret_key

USAGE_ERROR = 2


def start(module: str, command: str = "") -> None:
    """Run a command of a module. Exit code 2: wrong settings, with one sentence for each."""
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
    try:
        server.app()
    finally:
        _leave_database()


def _leave_database() -> None:
    """Take leave of the database instead of just vanishing: the pool is told, and ends its own threads."""
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()  # type: ignore[attr-defined]
