"""Names of the commands that run a server, and of those that need neither server nor settings.

``filegraph.__main__`` loads Django and the schema for the first alone, and nothing of a server for the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LateCommand:
    """The module whose ``app`` has the command (or group of commands), and the line that ``--help`` shows."""

    module: str
    help: str


SERVER_COMMANDS: Mapping[str, LateCommand] = {
    "setup": LateCommand(
        "filegraph.cli.server", "Prepare this machine: data directory, secret key, tables, the first store."
    ),
    "serve": LateCommand("filegraph.cli.server", "Run the server."),
    "sweep": LateCommand("filegraph.cli.server", "Remove expired uploads and deleted bytes once, now."),
    "bucket-cors": LateCommand(
        "filegraph.cli.pages", "Print the CORS rules that a bucket needs before web pages may use it."
    ),
    "schema": LateCommand("filegraph.cli.pages", "Print the GraphQL schema."),
    "settings": LateCommand("filegraph.cli.pages", "Print every setting: variable, default, meaning."),
}

OFFLINE_COMMANDS: Mapping[str, LateCommand] = {
    "authz": LateCommand("filegraph.cli.models", "Check, test and convert authorization models, without a server."),
}
