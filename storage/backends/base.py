"""What a backend is: a Django ``Storage`` with a few hooks for writing safely and reading in pieces.

A driver for bytes and nothing else: no permissions, no upload state, no rows. Everything is synchronous. What a backend
cannot do it says through a ``supports_*`` flag, and the byte plane does it instead.

Errors: BackendUnavailable and BackendFull for what the store did, Conflict where a key is taken, FileNotFoundError
(as Django's own storages) where there is no such object, InvalidArgument for a key that cannot be one.
"""

from __future__ import annotations

import io
import logging
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, ClassVar, Self

from django.core.files.base import File
from django.core.files.storage import Storage

from storage.backends.types import Listing, ObjectStat, PresignedRequest
from storage.errors import InvalidArgument, StorageError

Chunk = bytes | bytearray | memoryview
logger = logging.getLogger("filegraph.storage")

CHUNK = 1024 * 1024
"""Bytes moved at a time where a backend copies."""


class ObjectWriter(ABC):
    """One object on its way into a store. Nothing is visible under its key before ``commit`` returns."""

    @abstractmethod
    def write(self, chunk: Chunk) -> None:
        """Append ``chunk``; it may be reused by the caller afterwards."""

    def sync(self) -> None:  # noqa: B027 - most stores have nothing to do before ``commit``
        """Bring what was written to disk, so that a ``commit`` soon after is quick. Nothing becomes visible.

        It is no promise: ``commit`` makes durable whatever is not. After an error the writer is spent.
        """

    @abstractmethod
    def commit(self) -> None:
        """Make the object durable, then visible. Raises Conflict if the key is taken; nothing is ever overwritten.

        A writer whose commit failed is spent and has left nothing behind that ``abort`` would have removed.
        """

    @abstractmethod
    def abort(self) -> None:
        """Forget everything written. May be called at any time, also twice; after ``commit`` it does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit at a clean end of the block, abort at any other."""
        if kind is None:
            self.commit()
        else:
            self.abort()


class ObjectReader(ABC):
    """The bytes of one object. An open reader keeps its bytes even if the object is deleted, where the store can."""

    size: int

    @abstractmethod
    def read(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes from ``offset``; fewer only at the end of the object."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it; may be called twice."""

    def fileno(self) -> int:
        """Return a file descriptor whose bytes are the object's; raises ``io.UnsupportedOperation`` without one."""
        raise io.UnsupportedOperation("fileno")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class StorageBackend(Storage, ABC):
    """Base of all drivers. ``backend_config`` is the row's config with every ``{"env": ...}`` resolved."""

    supports_presigned_get: bool = False
    supports_presigned_put: bool = False
    supports_checksum: ClassVar[bool] = False
    """``stat`` tells a SHA-256 that the store itself has verified."""
    supports_listing: ClassVar[bool] = False
    """``listing`` goes through all objects, some at a time."""
    secret_settings: ClassVar[frozenset[str]] = frozenset()
    """Keys of the configuration whose values must not stand in it: only ``{"env": "NAME"}`` may."""
    access_settings: ClassVar[frozenset[str]] = frozenset()
    """Keys of the configuration that say how the bytes are reached. All others say where they are."""

    def __init__(self, *, backend_config: Mapping[str, Any] | None = None) -> None:
        self.config: Mapping[str, Any] = dict(backend_config or {})

    @abstractmethod
    def open_writer(self, key: str) -> ObjectWriter:
        """Begin an object under ``key``."""

    @abstractmethod
    def open_reader(self, key: str) -> ObjectReader:
        """Open the object under ``key``; raises FileNotFoundError."""

    @abstractmethod
    def stat(self, key: str) -> ObjectStat:
        """Return what is known of the object without reading it; raises FileNotFoundError."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Delete the object; an absent one is fine. Raises BackendUnavailable if it may still be there."""

    @abstractmethod
    def keys(self) -> Iterator[str]:
        """Yield the keys of all committed objects, in no order. For checks and repairs; may be slow."""

    def listing(self, *, after: str, limit: int) -> Listing:
        """Return up to ``limit`` committed objects after the key ``after`` ("": from the first), which may have gone.

        In an order of the store's own, the same each time. For a driver that ``supports_listing``, and for the sweep,
        which goes through a store in small steps.
        """
        raise NotImplementedError

    @abstractmethod
    def copy(self, source: str, target: str) -> None:
        """Copy an object to a free key; raises FileNotFoundError, Conflict."""

    def move(self, source: str, target: str) -> None:
        """Move an object to a free key; raises FileNotFoundError, Conflict."""
        self.copy(source, target)
        self.delete(source)

    def discard(self, key: str, *, context: str) -> bool:
        """Delete as well as possible: log and return False, never raise. ``context`` says in the log what for."""
        try:
            self.delete(key)
        except (StorageError, OSError) as error:
            logger.warning("could not discard %s (%s): %s", key, context, type(error).__name__)
            return False
        return True

    def remove_stale(self, before: datetime) -> int:
        """Remove what writers left behind that have not moved since ``before``; return how many.

        Where a store tells only when a writer began, that counts.
        """
        return 0

    def stat_all(self, keys: list[str]) -> dict[str, ObjectStat | None]:
        """Return ``stat`` by key, None where there is no object. Raises BackendUnavailable."""
        found: dict[str, ObjectStat | None] = {}
        for key in keys:
            try:
                found[key] = self.stat(key)
            except FileNotFoundError:
                found[key] = None
        return found

    def probe(self) -> None:
        """Raise BackendUnavailable (with a reason where there is one) unless an object could be begun now.

        Cheap, and nothing is left behind: health pages ask it.
        """
        writer = self.open_writer(f"probe/{secrets.token_hex(13)}")
        try:
            writer.write(b"probe")
        finally:
            writer.abort()

    def verify(self, *, now: datetime) -> None:
        """Raise BackendUnavailable unless the store does all that its driver promises of it.

        For an administrator who sets it up: it may take seconds, and write and delete. ``now`` is the true time.
        """
        self.probe()

    def presigned_get(
        self, key: str, *, expires_in: int, now: datetime, content_type: str = "", disposition: str = ""
    ) -> PresignedRequest | None:
        """Return a request that reads the object for ``expires_in`` seconds, or None where the store cannot.

        ``content_type`` and ``disposition`` are the headers of the answer. Whether there is such an object, nobody
        looks. Raises BackendUnavailable (nothing to sign with).
        """
        return None

    def takes_presigned_put(self, *, size: int) -> bool:
        """Tell whether ``presigned_put`` has a request for that many bytes, given their SHA-256."""
        return self.supports_presigned_put

    def presigned_put(
        self, key: str, *, size: int, sha256: str, expires_in: int, now: datetime
    ) -> PresignedRequest | None:
        """Return a request that writes exactly these bytes (``sha256`` in hex) to a free key, for ``expires_in``
        seconds, or None where the store cannot bind all of that. Raises BackendUnavailable (nothing to sign with)."""
        return None

    # Django's Storage, told by the hooks above.

    def exists(self, name: str) -> bool:
        """Tell whether there is an object under ``name``."""
        try:
            self.stat(name)
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        """Return the size in bytes; raises FileNotFoundError."""
        return self.stat(name).size

    def get_modified_time(self, name: str) -> datetime:
        """Return when the object was committed (aware, UTC); raises FileNotFoundError."""
        return self.stat(name).modified

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Return the names of "directories" and objects directly below ``path``."""
        start = f"{path.strip('/')}/" if path.strip("/") else ""
        directories, files = set(), []
        for key in self.keys():
            if key.startswith(start):
                head, slash, _ = key[len(start) :].partition("/")
                if slash:
                    directories.add(head)
                else:
                    files.append(head)
        return sorted(directories), sorted(files)

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        if mode not in ("rb", "r"):
            raise ValueError("objects are written by save() and never in place")
        file: File[Any] = File(io.BufferedReader(ReaderIO(self.open_reader(name))), name)
        return file

    def _save(self, name: str, content: File[Any]) -> str:
        writer = self.open_writer(name)
        try:
            for chunk in content.chunks(CHUNK):
                writer.write(chunk.encode() if isinstance(chunk, str) else chunk)
        except BaseException:
            writer.abort()
            raise
        writer.commit()
        return name


def check_key(key: str) -> str:
    """Return ``key`` if it is parts joined by ``/`` that lead nowhere else; raises InvalidArgument."""
    if "\x00" in key or any(part in ("", ".", "..") for part in key.split("/")):
        raise InvalidArgument("This is not a key of an object.")
    return key


class ReaderIO(io.RawIOBase):
    """An ``ObjectReader`` as a raw, seekable stream."""

    def __init__(self, reader: ObjectReader) -> None:
        self._reader = reader
        self._offset = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move, as ``io.RawIOBase.seek``."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._offset, io.SEEK_END: self._reader.size}[whence]
        if start + offset < 0:
            raise ValueError("negative seek position")
        self._offset = start + offset
        return self._offset

    def tell(self) -> int:
        """Return the position."""
        return self._offset

    def readinto(self, buffer: Any, /) -> int:
        """Fill ``buffer`` as far as there are bytes; return how many."""
        view = memoryview(buffer).cast("B")
        data = self._reader.read(self._offset, len(view))
        view[: len(data)] = data
        self._offset += len(data)
        return len(data)

    def close(self) -> None:
        """Close the reader too."""
        self._reader.close()
        super().close()
