"""The command ``user create``."""

from __future__ import annotations

from typing import Annotated

import typer

from filegraph.client import operations
from filegraph.client.connection import connect
from filegraph.client.errors import ends_with_exit_code
from filegraph.client.login import read_password
from filegraph.client.terminal import say

app = typer.Typer(no_args_is_help=True, help="Make users (administrators only).")


@app.callback()
def user() -> None:
    """Make users (administrators only)."""


@app.command("create")
@ends_with_exit_code
def create_user(
    username: Annotated[str, typer.Argument(metavar="USERNAME", help="Name to sign in with.")],
    display_name: Annotated[str, typer.Option(help="Name to show; the username when left out.")] = "",
    administrator: Annotated[bool, typer.Option("--administrator", help="May manage users and drives.")] = False,
    password_stdin: Annotated[bool, typer.Option(help="Read the password from standard input.")] = False,
) -> None:
    """Make a user."""
    with connect() as client:
        password = read_password(from_stdin=password_stdin, confirm=True)
        arguments = {
            "username": username,
            "password": password,
            "displayName": display_name or username,
            "administrator": administrator,
        }
        payload = client.mutate(operations.CREATE_USER, arguments)
    say(f"{payload['user']['username']} ({payload['user']['id']})")
