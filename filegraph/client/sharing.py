"""The commands ``share``, ``unshare`` and ``shares``."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from filegraph.client import operations, remote
from filegraph.client.addresses import parse_address
from filegraph.client.connection import connect
from filegraph.client.errors import CommandError, NotFoundOrDenied, about, ends_with_exit_code
from filegraph.client.graphql_client import GraphQLClient, Json
from filegraph.client.subjects import is_many, is_of, name_of, parse_subject
from filegraph.client.terminal import note, say


class Role(Enum):
    """What somebody may do with what is shared with her."""

    VIEWER = "viewer"
    COMMENTER = "commenter"
    UPLOADER = "uploader"
    EDITOR = "editor"
    OWNER = "owner"


Path = Annotated[str, typer.Argument(metavar="DRIVE:/PATH", help="Drive, folder or file.")]
Who = Annotated[
    str,
    typer.Argument(
        metavar="WHO", help="A username, group:NAME, everyone (all who sign in) or anyone (also without signing in)."
    ),
]


@ends_with_exit_code
def share(
    path: Path,
    who: Who,
    role: Annotated[Role, typer.Option(help="What she may do.")] = Role.VIEWER,
) -> None:
    """Give somebody a role on a drive, folder or file, and on everything below."""
    address, subject = parse_address(path), parse_subject(who)
    with connect() as client:
        node = remote.get(client, address)
        _change(client, operations.SHARE, {"id": node.id, "subject": subject, "role": role.name}, who)
    say(f"{who} is now {role.value} of {address} ({node.id}).")


@ends_with_exit_code
def unshare(
    path: Path,
    who: Who,
    role: Annotated[Role | None, typer.Option(help="Which role to take; all when left out.")] = None,
) -> None:
    """Take a role back. What somebody may do through a folder above, or in a group, stays, and is told."""
    address, subject = parse_address(path), parse_subject(who)
    with connect() as client:
        node = remote.get(client, address)
        before = _shares(client, node.id) or []
        _change(client, operations.UNSHARE, {"id": node.id, "subject": subject, "role": role and role.name}, who)
    hers = [share for share in before if is_of(share["subject"], subject)]
    taken = [share for share in hers if not share["inherited"] and (role is None or share["role"] == role.name)]
    if taken:
        say(f"{who} has lost {_roles(taken)} of {address}.")
    else:
        say(f"{who} was not {role.value if role else 'given any role'} of {address} itself.")
    _tell_what_stays(who, [share for share in before if share not in taken], hers)


@ends_with_exit_code
def shares(path: Path) -> None:
    """List who was given what, on a drive, folder or file and further up: role, then who, as `share` takes it."""
    address = parse_address(path)
    with connect() as client:
        node = remote.get(client, address)
        found = _shares(client, node.id)
    if found is None:
        raise NotFoundOrDenied(f"{address}: only who may share this sees with whom it is shared.")
    for share in found:
        say(_described(share))


def _change(client: GraphQLClient, document: str, arguments: Json, who: str) -> None:
    try:
        client.mutate(document, arguments)
    except CommandError as error:
        raise about(who, error) from None


def _shares(client: GraphQLClient, node_id: str) -> list[Json] | None:
    found: list[Json] | None = (client.execute(operations.SHARES, {"id": node_id})["node"] or {}).get("shares")
    return found


def _tell_what_stays(who: str, staying: list[Json], hers: list[Json]) -> None:
    """Note what she still has here, and who else has something that she may be one of."""
    for place, inherited in (("here", False), ("from further up", True)):
        kept = [share for share in staying if share in hers and share["inherited"] is inherited]
        if kept:
            note(f"{who} is still {_roles(kept)} {place}.")
    many = {name_of(share["subject"]) for share in staying if share not in hers and is_many(share["subject"])}
    if many:
        note(f"It is still shared with {', '.join(sorted(many))}: so with whoever is one of them.")


def _roles(shares: list[Json]) -> str:
    return ", ".join(dict.fromkeys(share["role"].lower() for share in shares))


def _described(share: Json) -> str:
    notes = [
        *(["from further up"] if share["inherited"] else []),
        *(["under a condition"] if share["isConditional"] else []),
    ]
    line = f"{share['role'].lower():<10} {name_of(share['subject'])}"
    return f"{line}  ({', '.join(notes)})" if notes else line
