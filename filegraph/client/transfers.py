"""The commands ``put`` and ``get``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from filegraph.client import remote
from filegraph.client.addresses import Address, parse_address
from filegraph.client.connection import connect
from filegraph.client.downloading import Downloader, DownloadJob
from filegraph.client.errors import UsageFault, ends_with_exit_code
from filegraph.client.graphql_client import GraphQLClient
from filegraph.client.local_names import NameRoster, UnsafeName, safe_name
from filegraph.client.local_tree import LocalFile, LocalTree, parents_first, read_tree
from filegraph.client.nodes import RemoteDropBox, RemoteFile, RemoteNode
from filegraph.client.outcome import OnConflict, Outcome
from filegraph.client.progress import open_display
from filegraph.client.remote_folders import RemoteFolders
from filegraph.client.terminal import note
from filegraph.client.uploading import Uploader, UploadJob
from filegraph.client.volume import ignores_case
from filegraph.client.wire import Carrier, open_http

Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, max=64, help="Files carried at the same time.")]
Conflict = Annotated[OnConflict, typer.Option("--on-conflict", help="What to do with a different file of that name.")]


@ends_with_exit_code
def put(
    paths: Annotated[list[str], typer.Argument(metavar="SRC... DRIVE:/PATH", help="What to send, and where to.")],
    jobs: Jobs = 8,
    on_conflict: Conflict = OnConflict.FAIL,
) -> int:
    """Send files and folders.

    Folders go with everything in them; `photos/` with a slash means only what is inside. A file that the server has
    already is not sent again, so the same command goes on where an interrupted one stopped.

    Somebody who may send files to a folder, but not look into it, names it by its id, `folder_...:/`. It takes files
    and no folders, and a file sent twice is there twice.
    """
    if len(paths) < 2:
        raise UsageFault("Name at least one file or folder, and then the destination DRIVE:/path.")
    *sources, last = paths
    destination = parse_address(last)
    tree = read_tree(sources)
    outcome = Outcome()
    for name, reason in tree.left_out:
        outcome.add_failure(name, reason)
    if tree.links:
        note(f"{tree.links} symbolic links are left out.")
    display = open_display("put")
    try:
        with connect() as client, open_http(client.url, jobs) as http, ThreadPoolExecutor(jobs) as pool:
            tree, destination = _renamed(client, tree, destination)
            container = remote.open_destination(client, destination)
            if isinstance(container, RemoteDropBox):
                _require_files_alone(tree, destination)
            folders = RemoteFolders(client, container)
            folders.prepare(parents_first(tree.folders, tree.files), pool, outcome.add_failure)
            work = _upload_jobs(tree.files, folders, outcome)
            Uploader(client, Carrier(http), on_conflict, jobs, outcome, display).run(work)
    finally:
        display.close()
    return outcome.summarize("sent")


@ends_with_exit_code
def get(
    source: Annotated[str, typer.Argument(metavar="DRIVE:/PATH", help="What to fetch.")],
    destination: Annotated[Path, typer.Argument(metavar="DEST", help="Local folder, or name for a single file.")],
    jobs: Jobs = 8,
    on_conflict: Conflict = OnConflict.FAIL,
) -> int:
    """Fetch a file or folder, verify every byte, and go on where an interrupted fetch stopped.

    `DRIVE:/photos/` with a slash means only what is inside.
    """
    outcome = Outcome()
    display = open_display("get")
    address = parse_address(source)
    try:
        with connect() as client, open_http(client.url, jobs) as http:
            node = remote.get(client, address)
            try:
                work = _download_jobs(client, address, node, destination, outcome)
            except OSError as error:
                raise UsageFault(f"{error.filename}: {error.strerror}.") from error
            Downloader(client, Carrier(http), on_conflict, jobs, outcome, display).run(work)
    finally:
        display.close()
    return outcome.summarize("fetched")


def _renamed(client: GraphQLClient, tree: LocalTree, destination: Address) -> tuple[LocalTree, Address]:
    """A single file sent to a path that is no folder takes that path's name."""
    if tree.folders or len(tree.files) != 1 or destination.contents or not destination.segments:
        return tree, destination
    present = remote.find(client, destination)
    if present is not None and not isinstance(present, RemoteFile):
        return tree, destination
    only = tree.files[0]
    return LocalTree(files=[LocalFile(only.path, (destination.name,), only.size)]), destination.parent


def _require_files_alone(tree: LocalTree, destination: Address) -> None:
    if tree.folders or any(len(file.segments) > 1 for file in tree.files):
        raise UsageFault(f"{destination}: you cannot look into this; send it files, but no folders.")


def _upload_jobs(files: list[LocalFile], folders: RemoteFolders, outcome: Outcome) -> list[UploadJob]:
    work: list[UploadJob] = []
    for file in files:
        label, folder = "/".join(file.segments), folders.get(file.segments[:-1])
        if folder is None:
            outcome.add_failure(label, "its folder could not be made.")
            continue
        name = file.segments[-1]
        present = folder.items.get(remote.name_key(name))
        work.append(UploadJob(file.path, label, folder.id, name, file.size, present))
    return work


def _download_jobs(
    client: GraphQLClient, address: Address, node: RemoteNode, destination: Path, outcome: Outcome
) -> list[DownloadJob]:
    if isinstance(node, RemoteFile):
        if destination.is_dir():
            destination = destination / _own_name(node.name)
        return [DownloadJob(node, destination, str(address))]
    if not address.contents:
        destination = destination / _own_name(node.name)
    destination.mkdir(parents=True, exist_ok=True)
    work: list[DownloadJob] = []
    _gather(client, node.id, destination, "", ignores_case(destination), work, outcome)
    return work


def _own_name(name: str) -> str:
    try:
        return safe_name(name)
    except UnsafeName as error:
        raise UsageFault(f"{error}; name a local destination for it.") from error


def _gather(
    client: GraphQLClient,
    folder_id: str,
    here: Path,
    prefix: str,
    fold_case: bool,
    work: list[DownloadJob],
    outcome: Outcome,
) -> None:
    """Add every file below a remote folder, and make the local folders for them."""
    roster = NameRoster(fold_case=fold_case)
    for item in remote.children(client, folder_id):
        label = f"{prefix}{item.name}"
        try:
            target = here / roster.claim(item.name)
            if isinstance(item, RemoteFile):
                work.append(DownloadJob(item, target, label))
            else:
                target.mkdir(exist_ok=True)
                _gather(client, item.id, target, f"{label}/", fold_case, work, outcome)
        except UnsafeName as error:
            outcome.add_failure(label, str(error))
        except OSError as error:
            outcome.add_failure(label, error.strerror or "cannot be made here")
