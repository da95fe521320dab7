"""The command line as clients see it. The others are listed here for ``--help``; they live elsewhere."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from filegraph.cli.late_commands import OFFLINE_COMMANDS, SERVER_COMMANDS
from filegraph.client.commands import register
from filegraph.program import NAME

app = typer.Typer(
    name="filegraph",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
register(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{NAME} {version(NAME)}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """A self-hosted GraphQL file service: run one, and use one."""


def _elsewhere() -> None:
    """Never runs: ``filegraph.__main__`` takes such commands to their own module."""
    raise AssertionError("The command of another module came to the client's application.")


for _panel, _commands in (("Run a server", SERVER_COMMANDS), ("Authorization models", OFFLINE_COMMANDS)):
    for _name, _command in _commands.items():
        app.command(_name, help=_command.help, rich_help_panel=_panel)(_elsewhere)
