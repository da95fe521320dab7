"""Names of the commands that run a server. ``filegraph.__main__`` loads Django and the schema for them alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerCommand:
    """The module whose ``app`` has the command, and the line that ``--help`` shows."""

    module: str
    help: str


SERVER_COMMANDS: Mapping[str, ServerCommand] = {
    "setup": ServerCommand(
        "filegraph.cli.server", "Prepare this machine: data directory, secret key, tables, the first store."
    ),
    "serve": ServerCommand("filegraph.cli.server", "Run the server."),
    "sweep": ServerCommand("filegraph.cli.server", "Remove expired uploads and deleted bytes once, now."),
    "schema": ServerCommand("filegraph.cli.pages", "Print the GraphQL schema."),
    "settings": ServerCommand("filegraph.cli.pages", "Print every setting: variable, default, meaning."),
}
