"""The commands ``drive create`` and ``drive list``."""

from __future__ import annotations

from typing import Annotated

import typer

from filegraph.client import operations, remote
from filegraph.client.connection import connect
from filegraph.client.errors import UsageFault, ends_with_exit_code
from filegraph.client.terminal import human_size, parse_size, say

app = typer.Typer(no_args_is_help=True, help="Make and list drives.")


@app.command("create")
@ends_with_exit_code
def create_drive(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the drive.")],
    quota: Annotated[str, typer.Option(help="Most bytes it may hold, for example 500G; unlimited when left out.")] = "",
) -> None:
    """Make a drive."""
    arguments = {"name": name}
    if quota:
        try:
            arguments["quota"] = str(parse_size(quota))
        except ValueError as error:
            raise UsageFault(f"{error}.") from error
    with connect() as client:
        payload = client.mutate(operations.CREATE_DRIVE, arguments)
    say(f"{payload['drive']['name']}: ({payload['drive']['id']})")


@app.command("list")
@ends_with_exit_code
def list_drives() -> None:
    """List the drives that you see, with how full they are."""
    with connect() as client:
        for drive in remote.drives(client):
            quota = "unlimited" if drive.quota is None else human_size(drive.quota)
            say(f"{drive.name}:  {human_size(drive.used)} of {quota}  {drive.id}")
