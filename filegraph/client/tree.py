"""The commands ``ls``, ``mkdir``, ``mv`` and ``rm``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from filegraph.client import operations, remote
from filegraph.client.addresses import parse_address
from filegraph.client.batches import Labelled, apply_to_each
from filegraph.client.connection import connect
from filegraph.client.errors import CommandError, ExitCode, Refused, UsageFault, ends_with_exit_code
from filegraph.client.graphql_client import GraphQLClient, Json
from filegraph.client.nodes import RemoteDrive, RemoteFile, RemoteItem, RemoteNode, place_of
from filegraph.client.question import agrees
from filegraph.client.terminal import complain, human_size, human_time, note, say
from filegraph.program import program

Found = tuple[str, RemoteNode]
_PASTED_IDS = 5


@ends_with_exit_code
def ls(
    path: Annotated[str, typer.Argument(metavar="[DRIVE:/PATH]", help="What to list; the drives when left out.")] = "",
    long: Annotated[bool, typer.Option("-l", "--long", help="With size, time and id.")] = False,
    recursive: Annotated[bool, typer.Option("-R", "--recursive", help="With everything below.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON list.")] = False,
) -> None:
    """List drives, a folder or a file."""
    with connect() as client:
        found = _list(client, path, recursive=recursive)
        if as_json:
            typer.echo(json.dumps([_as_json(name, node) for name, node in found], indent=2))
            return
        lines = 0
        for name, node in found:
            say(_long_line(name, node) if long else _short_name(name, node))
            lines += 1
    if not path and not lines:
        note(f"You see no drive. Who shared something inside of one with you has its id: {program()} ls folder_...:/")


@ends_with_exit_code
def mkdir(
    paths: Annotated[list[str], typer.Argument(metavar="DRIVE:/PATH...", help="Folders to make.")],
    parents: Annotated[bool, typer.Option("-p", "--parents", help="Make parents too; existing is fine.")] = False,
) -> None:
    """Make folders."""
    with connect() as client:
        for address in map(parse_address, paths):
            if not address.segments:
                raise UsageFault(f"{address} is a drive; `filegraph drive create` makes one.")
            if parents:
                remote.make_folders(client, address)
                continue
            parent = remote.get(client, address.parent)
            remote.make_folder(client, parent.id, address.name, existing_ok=False)


@ends_with_exit_code
def mv(
    path: Annotated[str, typer.Argument(metavar="DRIVE:/PATH", help="The file or folder.")],
    destination: Annotated[
        str, typer.Argument(metavar="DRIVE:/DEST", help="A folder that is there, to move it into, or its new path.")
    ],
) -> None:
    """Move or rename a file or folder inside its drive. Nothing is replaced."""
    address, target = parse_address(path), parse_address(destination)
    with connect() as client:
        item = remote.get_item(client, address)
        present = remote.find(client, target)
        if isinstance(present, RemoteFile) or (present is None and target.contents):
            raise Refused(f"{target} is {'there already' if present else 'no folder that you can see'}.")
        if present is not None:
            moved = _move(client, item, present.id)
        else:
            parent = None if address.parent == target.parent else remote.get(client, target.parent).id
            moved = _rename(client, item, parent, target.name)
    say(f"{address} is now {place_of(moved)}." if moved else f"{address} is out of your sight now.")


@ends_with_exit_code
def rm(
    paths: Annotated[list[str], typer.Argument(metavar="DRIVE:/PATH...", help="What to remove.")],
    forever: Annotated[bool, typer.Option("--forever", help="Delete for good, past the trash; asks first.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Move files and folders to the trash, from where `filegraph trash restore` takes them back."""
    failed = False
    with connect() as client:
        items: list[Labelled] = []
        for address in map(parse_address, paths):
            try:
                items.append(Labelled(str(address), remote.get_item(client, address).id))
            except CommandError as error:
                if len(paths) == 1:
                    raise
                complain(error.message)
                failed = True
        if forever and items and not agrees(_question(items), already=yes):
            return ExitCode.SOME_FAILED
        kept = [item for item, _ in apply_to_each(client, operations.TRASH, items, alone=len(paths) == 1)]
        gone = [item for item, _ in apply_to_each(client, operations.PURGE, kept, alone=False)] if forever else []
    _tell(kept, gone)
    failed = failed or len(kept) < len(items) or (forever and len(gone) < len(kept))
    return ExitCode.SOME_FAILED if failed else ExitCode.OK


def _move(client: GraphQLClient, item: RemoteItem, parent_id: str, *, on_conflict: str = "FAIL") -> Json:
    arguments = {"id": item.id, "parentId": parent_id, "onConflict": on_conflict}
    return client.mutate(operations.MOVE, arguments)["item"] or {}


def _rename(client: GraphQLClient, item: RemoteItem, parent_id: str | None, name: str) -> Json:
    """Give an item its new name, in another folder if one is given. If the name is refused, it is told where it is."""
    # The old name may be taken in the new folder; nobody wants it there.
    moved = _move(client, item, parent_id, on_conflict="RENAME") if parent_id is not None else {}
    try:
        return client.mutate(operations.RENAME, {"id": item.id, "name": name})["item"] or {}
    except CommandError:
        if moved:
            note(f"It is {place_of(moved)} now.")
        raise


def _tell(removed: list[Labelled], gone: list[Labelled]) -> None:
    """Say of everything removed whether it is in the trash or gone, and how to take back what is in the trash."""
    gone_ids = {item.id for item in gone}
    for item in removed:
        say(f"{item.label} is {'deleted for good' if item.id in gone_ids else f'in the trash ({item.id})'}.")
    trashed = [item.id for item in removed if item.id not in gone_ids]
    if trashed:
        ids = " ".join(trashed) if len(trashed) <= _PASTED_IDS else "ID..."
        note(f"To take back: {program()} trash restore {ids}")


def _question(items: list[Labelled]) -> str:
    what = items[0].label if len(items) == 1 else f"these {len(items)}"
    return f"Delete {what} for good, folders with everything in them? The trash will not have it."


def _list(client: GraphQLClient, path: str, *, recursive: bool) -> Iterator[Found]:
    if not path:
        if recursive:
            raise UsageFault("Name a drive or folder to list everything below.")
        return ((drive.name, drive) for drive in remote.drives(client))
    address = parse_address(path)
    node = remote.get(client, address)
    if isinstance(node, RemoteFile):
        return iter([(address.name or node.name, node)])
    return _below(client, node.id, "", recursive=recursive)


def _below(client: GraphQLClient, folder_id: str, prefix: str, *, recursive: bool) -> Iterator[Found]:
    for item in remote.children(client, folder_id):
        yield f"{prefix}{item.name}", item
        if recursive and not isinstance(item, RemoteFile):
            yield from _below(client, item.id, f"{prefix}{item.name}/", recursive=True)


def _short_name(name: str, node: RemoteNode) -> str:
    if isinstance(node, RemoteDrive):
        return f"{name}:"
    return name if isinstance(node, RemoteFile) else f"{name}/"


def _long_line(name: str, node: RemoteNode) -> str:
    if isinstance(node, RemoteDrive):
        quota = "unlimited" if node.quota is None else human_size(node.quota)
        return f"{human_size(node.used):>12} of {quota:<12} {node.id}  {name}:"
    size = human_size(node.size) if isinstance(node, RemoteFile) else "-"
    return f"{size:>12}  {human_time(node.updated_at):<20}  {node.id}  {_short_name(name, node)}"


def _as_json(name: str, node: RemoteNode) -> dict[str, Any]:
    if isinstance(node, RemoteDrive):
        return {"kind": "drive", "path": f"{name}:", "id": node.id, "quota": node.quota, "used": node.used}
    described: dict[str, Any] = {"kind": "folder", "path": name, "id": node.id, "updatedAt": node.updated_at}
    if isinstance(node, RemoteFile):
        described |= {"kind": "file", "size": node.size, "sha256": node.sha256, "contentType": node.content_type}
    return described
