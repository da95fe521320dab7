"""Which file goes to which local name: made before the first byte is fetched, with the local folders that it needs."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

from filegraph.client import remote
from filegraph.client.addresses import Address
from filegraph.client.downloading import DownloadJob
from filegraph.client.errors import UsageFault
from filegraph.client.graphql_client import GraphQLClient
from filegraph.client.local_names import NameRoster, UnsafeName
from filegraph.client.nodes import RemoteFile, RemoteNode
from filegraph.client.outcome import Outcome
from filegraph.client.volume import ignores_case

_SLASHES = tuple(filter(None, (os.sep, os.altsep)))


class DownloadPlan:
    """Jobs for one destination, which is a folder when it ends in a slash, is one, or takes several things.

    A folder that is not there is made. Only the name for a single file asks for a folder that is there: whoever
    mistypes its way shall not find the file in a new place.
    """

    def __init__(self, client: GraphQLClient, destination: str, outcome: Outcome, *, several: bool) -> None:
        self._client = client
        self._outcome = outcome
        self._top = Path(destination)
        self._several = several
        self._is_folder = several or destination.endswith(_SLASHES) or self._top.is_dir()
        self._is_file = False
        self._place = self._top
        self._rosters: dict[Path, NameRoster] = {}
        self.jobs: list[DownloadJob] = []

    def add(self, address: Address, node: RemoteNode) -> None:
        """Plan for what ``address`` names. Raises ``UsageFault`` when it has no place here, and ``OSError``."""
        if isinstance(node, RemoteFile):
            self._add_file(address, node)
            return
        here = self._folder()
        if not address.contents:
            here = here / self._own_name(node.name)
            here.mkdir(exist_ok=True)
        self._place = here
        self._gather(node.id, here, "")

    def where(self) -> Path:
        """Where things go: the file's own name when there is one source and that is a file, else the folder.

        Fetching may have chosen another name (``--on-conflict rename``), so ask when it is over.
        """
        if self._several:
            return self._top
        return self.jobs[0].target if self._is_file else self._place

    def _add_file(self, address: Address, file: RemoteFile) -> None:
        self._is_file = True
        if self._is_folder:
            target = self._folder() / self._own_name(file.name)
        elif self._top.parent.is_dir():
            target = self._top
        else:
            raise UsageFault(
                f"There is no folder {self._top.parent}. Make it first, or end the destination in a slash: then "
                f"{self._top}{os.sep} is made."
            )
        self.jobs.append(DownloadJob(file, target, str(address)))

    def _folder(self) -> Path:
        """The destination, made when it is not there."""
        if self._top.exists() and not self._top.is_dir():
            raise UsageFault(f"{self._top} is there already and is no folder.")
        self._top.mkdir(parents=True, exist_ok=True)
        return self._top

    def _own_name(self, name: str) -> str:
        try:
            return self._roster(self._top).claim(name)
        except UnsafeName as error:
            raise UsageFault(f"{error}; name a local destination for it.") from error

    def _roster(self, here: Path) -> NameRoster:
        if here not in self._rosters:
            self._rosters[here] = NameRoster(fold_case=self._fold_case)
        return self._rosters[here]

    @cached_property
    def _fold_case(self) -> bool:
        return ignores_case(self._top)

    def _gather(self, folder_id: str, here: Path, prefix: str) -> None:
        """Plan for every file below a remote folder, and make the local folders for them."""
        for item in remote.children(self._client, folder_id):
            label = f"{prefix}{item.name}"
            try:
                target = here / self._roster(here).claim(item.name)
                if isinstance(item, RemoteFile):
                    self.jobs.append(DownloadJob(item, target, label))
                else:
                    target.mkdir(exist_ok=True)
                    self._gather(item.id, target, f"{label}/")
            except UnsafeName as error:
                self._outcome.add_failure(label, str(error))
            except OSError as error:
                self._outcome.add_failure(label, error.strerror or "cannot be made here")
