"""Commands whose modules are imported only when they are called: what ``--help`` says of each, and where it lives.

``filegraph.__main__`` loads the settings and Django for those of a server and of an installation (``AUTHZ_COMMANDS``)
alone, and nothing of a server for those that work on files (``OFFLINE_COMMANDS``).
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
    "accounts": LateCommand("filegraph.cli.accounts", "List the accounts of people, with their ids."),
    "administrator": LateCommand(
        "filegraph.cli.accounts", "Make somebody an administrator, also where nobody else can any more."
    ),
    "bucket-cors": LateCommand(
        "filegraph.cli.pages", "Print the CORS rules that a bucket needs before web pages may use it."
    ),
    "schema": LateCommand("filegraph.cli.pages", "Print the GraphQL schema."),
    "settings": LateCommand("filegraph.cli.pages", "Print every setting: variable, default, meaning."),
}

AUTHZ_COMMANDS: Mapping[str, LateCommand] = {
    "models": LateCommand("filegraph.cli.authz.versions", "List the versions of the authorization model."),
    "activate": LateCommand(
        "filegraph.cli.authz.versions", "Make a version of the model the active one, also where nobody else can."
    ),
    "audit": LateCommand("filegraph.cli.authz.audit", "Show who gave and took permissions, the newest first."),
    "reconcile": LateCommand(
        "filegraph.cli.authz.permissions",
        "Compare the OpenFGA store with the record of this installation, and mend it.",
    ),
    "migrate-store": LateCommand(
        "filegraph.cli.authz.permissions",
        "Take the permissions of this installation to the other engine, while it serves.",
    ),
    "compare": LateCommand(
        "filegraph.cli.authz.permissions",
        "Ask the OpenFGA server and the embedded engine the same, and show a difference.",
    ),
}
"""Of the group ``authz``, those that need the installation; its others need neither server nor settings."""

OFFLINE_COMMANDS: Mapping[str, LateCommand] = {
    "authz": LateCommand(
        "filegraph.cli.authz.models",
        "Check, test and convert authorization models; compare, mend and move what they are asked about.",
    ),
}
