"""The commands ``token create``, ``token list`` and ``token revoke``."""

from __future__ import annotations

from typing import Annotated

import typer

from filegraph.client import operations
from filegraph.client.connection import connect
from filegraph.client.errors import ends_with_exit_code
from filegraph.client.terminal import human_time, say

app = typer.Typer(no_args_is_help=True, help="Access tokens for programs of yours.")


@app.command("create")
@ends_with_exit_code
def create_token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for, to know it again in the list.")],
    days: Annotated[int, typer.Option(min=1, max=365, help="How long it is valid, in days.")] = 30,
) -> None:
    """Make an access token and print it. It is shown this once."""
    with connect() as client:
        payload = client.mutate(operations.CREATE_ACCESS_TOKEN, {"name": name, "expiresIn": days * 24 * 60 * 60})
    say(payload["secret"])


@app.command("list")
@ends_with_exit_code
def list_tokens() -> None:
    """List your access tokens: id, end and name."""
    with connect() as client:
        for token in client.execute(operations.ACCESS_TOKENS)["viewer"]["accessTokens"]:
            say(f"{token['id']}  {human_time(token['expiresAt'])}  {token['name']}")


@app.command("revoke")
@ends_with_exit_code
def revoke_token(token_id: Annotated[str, typer.Argument(metavar="ID", help="Id from `token list`.")]) -> None:
    """End an access token at once."""
    with connect() as client:
        client.mutate(operations.REVOKE_ACCESS_TOKEN, {"id": token_id})
