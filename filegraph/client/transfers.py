"""The commands ``put`` and ``get``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import typer

from filegraph.client import remote
from filegraph.client.addresses import Address, parse_address
from filegraph.client.connection import connect
from filegraph.client.download_plan import DownloadPlan
from filegraph.client.downloading import Downloader
from filegraph.client.errand import Errand
from filegraph.client.errors import NotFoundOrDenied, UsageFault, ends_with_exit_code
from filegraph.client.graphql_client import GraphQLClient
from filegraph.client.local_tree import LocalFile, LocalTree, parents_first, read_tree
from filegraph.client.nodes import RemoteDropBox, RemoteFile
from filegraph.client.outcome import OnConflict, Outcome
from filegraph.client.progress import open_display
from filegraph.client.remote_folders import RemoteFolders
from filegraph.client.terminal import counted, note
from filegraph.client.uploading import Uploader, UploadJob
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
        note(f"Left out: {counted(tree.links, 'symbolic link')}.")
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
            Uploader(Errand(client, Carrier(http, client.patience), on_conflict, jobs, outcome, display)).run(work)
    finally:
        display.close()
    return outcome.summarize("sent", str(destination))


@ends_with_exit_code
def get(
    paths: Annotated[
        list[str], typer.Argument(metavar="DRIVE:/PATH... DEST", help="What to fetch, and the local place for it.")
    ],
    jobs: Jobs = 8,
    on_conflict: Conflict = OnConflict.FAIL,
) -> int:
    """Fetch files and folders, verify every byte, and go on where an interrupted fetch stopped.

    `DRIVE:/photos/` with a slash means only what is inside. DEST is a folder, made when it is not there, or a name for
    a single file. To make a folder for a single file, end DEST in a slash.
    """
    if len(paths) < 2:
        raise UsageFault("Name at least one DRIVE:/path, and then the local destination.")
    *sources, destination = paths
    addresses = [parse_address(source) for source in sources]
    outcome = Outcome()
    display = open_display("get")
    try:
        with connect() as client, open_http(client.url, jobs) as http:
            plan = DownloadPlan(client, destination, outcome, several=len(addresses) > 1)
            for address in addresses:
                _plan(client, plan, address, outcome, alone=len(addresses) == 1)
            Downloader(Errand(client, Carrier(http, client.patience), on_conflict, jobs, outcome, display)).run(
                plan.jobs
            )
    finally:
        display.close()
    return outcome.summarize("fetched", str(plan.where()))


def _plan(client: GraphQLClient, plan: DownloadPlan, address: Address, outcome: Outcome, *, alone: bool) -> None:
    """Add what ``address`` names. Of several, one that cannot be had is counted as failed, and the others go on."""
    try:
        try:
            plan.add(address, remote.get(client, address))
        except OSError as error:
            raise UsageFault(f"{error.filename}: {error.strerror}.") from error
    except (NotFoundOrDenied, UsageFault) as error:
        if alone:
            raise
        outcome.add_failure(str(address), error.message.removeprefix(f"{address}: "))


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
