"""The command line as clients see it. Server commands are listed here for ``--help``; they live in ``server``."""

from __future__ import annotations

import typer

from filegraph.cli.server_commands import SERVER_COMMANDS
from filegraph.client.commands import register

app = typer.Typer(
    name="filegraph",
    help="A self-hosted GraphQL file service: run one, and use one.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
register(app)


def _elsewhere() -> None:
    """Never runs: ``filegraph.__main__`` takes server commands to ``filegraph.cli.server``."""
    raise AssertionError("A server command came to the client's application.")


for _name, _command in SERVER_COMMANDS.items():
    app.command(_name, help=_command.help, rich_help_panel="Run a server")(_elsewhere)
