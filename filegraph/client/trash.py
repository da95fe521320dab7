"""The commands ``trash list``, ``trash restore`` and ``trash purge``. What puts things there is ``rm``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated

import typer

from filegraph.client import operations, remote, remote_trash
from filegraph.client.addresses import Address, parse_address
from filegraph.client.batches import Labelled, apply_to_each
from filegraph.client.connection import connect
from filegraph.client.errors import ExitCode, UsageFault, ends_with_exit_code
from filegraph.client.graphql_client import GraphQLClient, Json
from filegraph.client.nodes import TrashedItem, place_of
from filegraph.client.question import agrees
from filegraph.client.terminal import human_size, human_time, say

app = typer.Typer(no_args_is_help=True, help="What was removed: list it, take it back, delete it for good.")

Things = Annotated[
    list[str],
    typer.Argument(metavar="DRIVE:/PATH|ID...", help="Where it was before, or its id from `trash list`."),
]


@app.command("list")
@ends_with_exit_code
def list_trash(
    path: Annotated[
        str, typer.Argument(metavar="[DRIVE:[/PATH]]", help="Whose trash, or what was below; all drives when left out.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON list.")] = False,
) -> None:
    """List what is in the trash and you may restore, the latest first: when, size, id and where it was.

    What lies in a removed folder is not listed by itself.
    """
    with connect() as client:
        found = _listed(client, parse_address(path) if path else None)
        if as_json:
            typer.echo(json.dumps([_as_json(item) for item in found], indent=2))
            return
        for item in found:
            size = "-" if item.size is None else human_size(item.size)
            say(f"{human_time(item.trashed_at)}  {size:>10}  {item.id}  {item.place}")


@app.command("restore")
@ends_with_exit_code
def restore(things: Things) -> int:
    """Take things back out of the trash, to where they were; of several from one path, the latest.

    A name that was taken meanwhile gets a number. When its folder is in the trash, too, a thing comes back to the top
    of the drive.
    """
    with connect() as client:
        items = _named(client, things, latest=True)
        done = apply_to_each(client, operations.RESTORE, items, alone=len(items) == 1)
    for _, result in done:
        say(f"{place_of(result['item'])} is back.")
    return ExitCode.SOME_FAILED if len(done) < len(items) else ExitCode.OK


@app.command("purge")
@ends_with_exit_code
def purge(
    things: Annotated[
        list[str],
        typer.Argument(
            metavar="DRIVE:|DRIVE:/PATH|ID...",
            help="Where it was before, or its id from `trash list`; DRIVE: alone for all of its trash.",
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Delete things in the trash for good. Asks first."""
    with connect() as client:
        items = _named(client, things, latest=False)
        if not items:
            say("The trash is empty.")
            return ExitCode.OK
        what = items[0].label if len(items) == 1 else f"{len(items)} things in the trash"
        if not agrees(f"Delete {what} for good? Nobody can bring it back.", already=yes):
            return ExitCode.SOME_FAILED
        done = apply_to_each(client, operations.PURGE, items, alone=len(items) == 1)
    for item, _ in done:
        say(f"{item.label} is deleted for good.")
    return ExitCode.SOME_FAILED if len(done) < len(items) else ExitCode.OK


def _listed(client: GraphQLClient, address: Address | None) -> Iterator[TrashedItem]:
    drives = list(remote.drives(client)) if address is None else [remote_trash.drive_of(client, address)]
    below = remote.name_key(address.path.rstrip("/")) if address else ""
    for drive in drives:
        for item in remote_trash.trashed(client, drive):
            path = remote.name_key(item.path or "")
            if not below or path == below or path.startswith(f"{below}/"):
                yield item


def _named(client: GraphQLClient, things: list[str], *, latest: bool) -> list[Labelled]:
    """The items that the person named, each once. Raises ``UsageFault`` where a path alone does not tell which."""
    addresses = [parse_address(thing) for thing in things]
    found: dict[str, Labelled] = {}
    by_drive: dict[str, list[Address]] = {}
    for address in addresses:
        if address.root_is_id and not address.segments and not address.root.startswith("drive_"):
            found[address.root] = Labelled(address.root, address.root)
        else:
            by_drive.setdefault(address.root, []).append(address)
    for group in by_drive.values():
        for item in _in_drive(client, group, latest=latest):
            found[item.id] = Labelled(item.place, item.id)
    return list(found.values())


def _in_drive(client: GraphQLClient, group: list[Address], *, latest: bool) -> Iterator[TrashedItem]:
    drive = remote_trash.drive_of(client, group[0])
    if any(not address.segments for address in group):
        if latest:
            raise UsageFault(f"Name what to restore; `trash list {group[0].root}:` shows what there is.")
        yield from remote_trash.trashed(client, drive)
        return
    for address, items in remote_trash.from_paths(client, drive, group, latest=latest).items():
        if len(items) > 1:
            ids = ", ".join(f"{item.id} ({human_time(item.trashed_at)})" for item in items)
            raise UsageFault(f"{address} is in the trash {len(items)} times; say which by its id: {ids}.")
        yield items[0]


def _as_json(item: TrashedItem) -> Json:
    kind = "folder" if item.size is None else "file"
    path = f"{item.drive}:{item.path}" if item.path else None
    return {
        "kind": kind, "name": item.name, "path": path, "id": item.id, "size": item.size, "trashedAt": item.trashed_at
    }  # fmt: skip
