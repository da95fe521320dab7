"""An adapter over any Django storage, for bytes that already have a home in a Django project.

It is as durable and as atomic as the storage below: Django promises neither. Bytes are spooled to a temporary
file until they are complete, so that a broken upload never reaches the storage.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.files.base import File
from django.core.files.storage import Storage, storages
from django.utils.module_loading import import_string

from storage.backends.base import CHUNK, Chunk, ObjectReader, ObjectWriter, StorageBackend, check_key
from storage.backends.types import ObjectStat
from storage.errors import BackendUnavailable, Conflict, InvalidArgument, StorageError


class DjangoStorageBackend(StorageBackend):
    """``{"alias": "default"}`` (a key of STORAGES) or ``{"class": "dotted.path", "options": {...}}``."""

    def __init__(self, *, backend_config: Mapping[str, Any] | None = None) -> None:
        super().__init__(backend_config=backend_config)
        self._storage = _storage(self.config)

    def open_writer(self, key: str) -> ObjectWriter:
        """Begin an object in a temporary file."""
        return _SpoolingWriter(self._storage, check_key(key))

    def open_reader(self, key: str) -> ObjectReader:
        """Open an object; raises FileNotFoundError."""
        with _translated():
            return _FileReader(self._storage.open(check_key(key), "rb"))

    def stat(self, key: str) -> ObjectStat:
        """Return size and time as the storage tells them; raises FileNotFoundError."""
        with _translated():
            if not self._storage.exists(check_key(key)):
                raise FileNotFoundError(key)
            return ObjectStat(self._storage.size(key), None, self._storage.get_modified_time(key))

    def delete(self, name: str) -> None:
        """Delete; an absent object is fine."""
        with _translated():
            if self._storage.exists(check_key(name)):
                self._storage.delete(name)

    def copy(self, source: str, target: str) -> None:
        """Read and write: a Django storage has nothing better."""
        with self.open_reader(source) as reader, self.open_writer(target) as writer:
            for offset in range(0, reader.size, CHUNK):
                writer.write(reader.read(offset, CHUNK))

    def keys(self) -> Iterator[str]:
        """Walk the storage by ``listdir``."""
        waiting = [""]
        while waiting:
            path = waiting.pop()
            with _translated():
                directories, files = self._storage.listdir(path)
            start = f"{path}/" if path else ""
            yield from (start + name for name in files)
            waiting += [start + name for name in directories]

    def get_modified_time(self, name: str) -> datetime:
        """Return what the storage says."""
        return self.stat(name).modified


class _SpoolingWriter(ObjectWriter):
    def __init__(self, storage: Storage, key: str) -> None:
        self._storage, self._key = storage, key
        with _translated():
            self._spool: Any = tempfile.TemporaryFile()  # noqa: SIM115 - closed by commit and abort

    def write(self, chunk: Chunk) -> None:
        if self._spool is None:
            raise BackendUnavailable("This writer is closed.")
        with _translated():
            self._spool.write(chunk)

    def commit(self) -> None:
        if self._spool is None:
            raise BackendUnavailable("This writer is closed.")
        try:
            with _translated():
                if self._storage.exists(self._key):
                    raise Conflict("The store has an object under this key already.")
                self._spool.seek(0)
                saved = self._storage.save(self._key, File(self._spool))
                if saved != self._key:
                    # Somebody was faster, and Django chose another name instead of overwriting.
                    self._storage.delete(saved)
                    raise Conflict("The store has an object under this key already.")
        finally:
            self.abort()

    def abort(self) -> None:
        if self._spool is not None:
            spool, self._spool = self._spool, None
            spool.close()


class _FileReader(ObjectReader):
    """A Django file has one position, so reads take turns."""

    def __init__(self, file: File[Any]) -> None:
        self._file = file
        self._lock = threading.Lock()
        self.size = file.size

    def read(self, offset: int, length: int) -> bytes:
        with self._lock, _translated():
            self._file.seek(offset)
            return bytes(self._file.read(length))

    def close(self) -> None:
        self._file.close()


def _storage(config: Mapping[str, Any]) -> Storage:
    alias, dotted = config.get("alias"), config.get("class")
    if (alias is None) == (dotted is None):
        raise ImproperlyConfigured('A django backend needs "alias" or "class", and not both.')
    try:
        if alias is not None:
            return storages[alias]
        made = import_string(str(dotted))
        # Before it is called: who may configure a store must not have any function of this process run.
        if isinstance(made, type) and issubclass(made, Storage):
            return made(**config.get("options", {}))
    except (ImportError, ImproperlyConfigured):
        raise
    except Exception as error:
        # What a foreign class makes of its options; its own words may hold one of them.
        raise ImproperlyConfigured(f"The storage cannot be made of this ({type(error).__name__}).") from error
    raise ImproperlyConfigured('"class" of a django backend is a storage of Django\'s.')


@contextmanager
def _translated() -> Iterator[None]:
    """A Django storage may raise anything: whatever is not an answer is "unavailable"."""
    try:
        yield
    except (FileNotFoundError, StorageError):
        raise
    except SuspiciousOperation:
        raise InvalidArgument("This is not a key of an object.") from None
    except Exception as error:
        raise BackendUnavailable from error
