"""The commands ``share``, ``unshare`` and ``shares``."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

import typer

from filegraph.client import operations, remote
from filegraph.client.addresses import parse_address
from filegraph.client.connection import connect
from filegraph.client.errors import NotFoundOrDenied, UsageFault, ends_with_exit_code
from filegraph.client.graphql_client import Json
from filegraph.client.terminal import say


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
        client.mutate(operations.SHARE, {"id": node.id, "subject": subject, "role": role.name})
    say(f"{who} is now {role.value} of {address} ({node.id}).")


@ends_with_exit_code
def unshare(
    path: Path,
    who: Who,
    role: Annotated[Role | None, typer.Option(help="Which role to take; all when left out.")] = None,
) -> None:
    """Take a role back. What somebody may do through a folder above stays."""
    address, subject = parse_address(path), parse_subject(who)
    with connect() as client:
        node = remote.get(client, address)
        arguments = {"id": node.id, "subject": subject, "role": role.name if role else None}
        client.mutate(operations.UNSHARE, arguments)
    say(f"{who} has lost {role.value if role else 'every role'} of {address}.")


@ends_with_exit_code
def shares(path: Path) -> None:
    """List who was given what, on a drive, folder or file and further up: role, then who, as `share` takes it."""
    address = parse_address(path)
    with connect() as client:
        node = remote.get(client, address)
        found = (client.execute(operations.SHARES, {"id": node.id})["node"] or {}).get("shares")
    if found is None:
        raise NotFoundOrDenied(f"{address}: only who may share this sees with whom it is shared.")
    for share in found:
        say(_described(share))


def _described(share: Json) -> str:
    notes = [
        *(["from further up"] if share["inherited"] else []),
        *(["under a condition"] if share["isConditional"] else []),
    ]
    line = f"{share['role'].lower():<10} {_name_of(share['subject'])}"
    return f"{line}  ({', '.join(notes)})" if notes else line


def _name_of(subject: Json | None) -> str:
    match subject:
        case {"__typename": "User", "username": name}:
            return str(name)
        case {"__typename": "Group", "name": name}:
            return f"group:{name}"
        case {"__typename": "Everyone", "audience": audience}:
            return "anyone" if audience == "ANYONE" else "everyone"
    return "somebody who is gone, or of another kind"


def parse_subject(who: str) -> dict[str, Any]:
    """The ``ShareSubjectInput`` of ``NAME``, ``user:NAME``, ``group:NAME``, ``everyone`` or ``anyone``."""
    if who == "everyone":
        return {"everyone": "SIGNED_IN"}
    if who == "anyone":
        return {"everyone": "ANYONE"}
    kind, colon, name = who.partition(":")
    if not colon:
        kind, name = "user", who
    if not name or kind not in ("user", "group"):
        raise UsageFault(f"{who!r} is nobody; write a username, group:NAME, everyone or anyone.")
    return {"username": name} if kind == "user" else {"groupName": name}
