"""The commands ``group create``, ``group add``, ``group remove`` and ``group list``."""

from __future__ import annotations

import unicodedata
from typing import Annotated

import typer

from filegraph.client import operations, remote
from filegraph.client.connection import connect
from filegraph.client.errors import NotFoundOrDenied, ends_with_exit_code
from filegraph.client.graphql_client import GraphQLClient
from filegraph.client.nodes import RemoteGroup
from filegraph.client.terminal import say

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
def add_members(name: Name, people: People) -> None:
    """Put people into a group (administrators only)."""
    _change(operations.ADD_GROUP_MEMBER, name, people)


@app.command("remove")
@ends_with_exit_code
def remove_members(name: Name, people: People) -> None:
    """Take people out of a group (administrators only). What the group may see, they lose at once."""
    _change(operations.REMOVE_GROUP_MEMBER, name, people)


@app.command("list")
@ends_with_exit_code
def list_groups() -> None:
    """List all groups, with the members of those that you may look into."""
    with connect() as client:
        for group in remote.groups(client):
            say(_described(group))


def _change(document: str, name: str, people: list[str]) -> None:
    with connect() as client:
        group = _find(client, name)
        for username in people:
            payload = client.mutate(document, {"groupId": group.id, "username": username})
            group = RemoteGroup.parse(payload["group"])
    say(_described(group))


def _find(client: GraphQLClient, name: str) -> RemoteGroup:
    wanted = _key(name)
    for group in remote.groups(client):
        if _key(group.name) == wanted:
            return group
    raise NotFoundOrDenied(f"There is no group {name!r}.")


def _key(name: str) -> str:
    """The form in which the server compares names of groups."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).casefold()


def _described(group: RemoteGroup) -> str:
    members = "" if group.members is None else ", ".join(group.members) or "nobody"
    return f"{group.name}:  {members}  {group.id}" if members else f"{group.name}:  {group.id}"
