"""The commands ``group create``, ``group add``, ``group remove`` and ``group list``."""

from __future__ import annotations

from typing import Annotated

import typer

from filegraph.client import operations, remote
from filegraph.client.connection import connect
from filegraph.client.errors import CommandError, ExitCode, NotFoundOrDenied, about, ends_with_exit_code
from filegraph.client.graphql_client import GraphQLClient
from filegraph.client.nodes import RemoteGroup
from filegraph.client.subjects import account_key
from filegraph.client.terminal import complain, say

app = typer.Typer(no_args_is_help=True, help="Groups of people, to share to all of them at once.")

Name = Annotated[str, typer.Argument(metavar="GROUP", help="Name of the group.")]
People = Annotated[list[str], typer.Argument(metavar="USERNAME...", help="Who.")]


@app.command("create")
@ends_with_exit_code
def create_group(name: Name) -> None:
    """Make a group (administrators only)."""
    with connect() as client:
        group = client.mutate(operations.CREATE_GROUP, {"name": name})["group"]
    say(f"{group['name']} ({group['id']})")


@app.command("add")
@ends_with_exit_code
def add_members(name: Name, people: People) -> int:
    """Put people into a group (administrators only)."""
    return _change(operations.ADD_GROUP_MEMBER, name, people)


@app.command("remove")
@ends_with_exit_code
def remove_members(name: Name, people: People) -> int:
    """Take people out of a group (administrators only). What the group may see, they lose at once."""
    return _change(operations.REMOVE_GROUP_MEMBER, name, people)


@app.command("list")
@ends_with_exit_code
def list_groups() -> None:
    """List all groups, with the members of those that you may look into."""
    with connect() as client:
        for group in remote.groups(client):
            say(_described(group))


def _change(document: str, name: str, people: list[str]) -> ExitCode:
    """Of several people, one who is refused is told, and the others go on."""
    code = ExitCode.OK
    with connect() as client:
        group = _find(client, name)
        for username in people:
            try:
                payload = client.mutate(document, {"groupId": group.id, "username": username})
            except CommandError as error:
                error = about(username, error)
                if len(people) == 1 or error.code != "ACCOUNT_NOT_FOUND":
                    raise error from None
                complain(error.message)
                code = ExitCode.SOME_FAILED
            else:
                group = RemoteGroup.parse(payload["group"])
    say(_described(group))
    return code


def _find(client: GraphQLClient, name: str) -> RemoteGroup:
    wanted = account_key(name)
    for group in remote.groups(client):
        if account_key(group.name) == wanted:
            return group
    raise NotFoundOrDenied(f"There is no group {name!r}.")


def _described(group: RemoteGroup) -> str:
    members = "" if group.members is None else ", ".join(group.members) or "nobody"
    return f"{group.name}:  {members}  {group.id}" if members else f"{group.name}:  {group.id}"
