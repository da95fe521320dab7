"""The remote folders that an upload needs: found or created level by level, with what they hold already."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field

from filegraph.client import remote
from filegraph.client.errors import CommandError
from filegraph.client.graphql_client import GraphQLClient
from filegraph.client.local_tree import Segments
from filegraph.client.nodes import RemoteContainer, RemoteDropBox, RemoteFile, RemoteFolder, RemoteItem

Fail = Callable[[str, str], None]


@dataclass(slots=True)
class OpenFolder:
    """A remote folder and what was in it when we came, by comparison key of the name."""

    id: str
    items: dict[str, RemoteItem] = field(default_factory=dict)


class RemoteFolders:
    """Folders below one destination, by their path segments. A drop box is a destination that looks empty."""

    def __init__(self, client: GraphQLClient, destination: RemoteContainer | RemoteDropBox) -> None:
        self._client = client
        hidden = isinstance(destination, RemoteDropBox)
        top = OpenFolder(destination.id) if hidden else self._read(destination.id)
        self._open: dict[Segments, OpenFolder] = {(): top}

    def get(self, segments: Segments) -> OpenFolder | None:
        """The folder at ``segments``, None when it could not be had."""
        return self._open.get(segments)

    def prepare(self, levels: Iterable[list[Segments]], pool: Executor, fail: Fail) -> None:
        """Find or create every folder of every level; ``fail`` is told of what cannot be had."""
        for level in levels:
            for segments, found in zip(level, pool.map(lambda s: self._prepare_one(s, fail), level), strict=True):
                if found is not None:
                    self._open[segments] = found

    def _prepare_one(self, segments: Segments, fail: Fail) -> OpenFolder | None:
        parent = self._open.get(segments[:-1])
        if parent is None:
            return None
        present = parent.items.get(remote.name_key(segments[-1]))
        try:
            if isinstance(present, RemoteFolder):
                return self._read(present.id)
            if isinstance(present, RemoteFile):
                fail("/".join(segments), "the server has a file of this name where a folder is needed.")
                return None
            return OpenFolder(remote.make_folder(self._client, parent.id, segments[-1]).id)
        except CommandError as error:
            fail("/".join(segments), error.message)
            return None

    def _read(self, folder_id: str) -> OpenFolder:
        items = remote.children(self._client, folder_id)
        return OpenFolder(folder_id, {remote.name_key(item.name): item for item in items})
