"""Bytes in this process's memory: for tests and for trying things out. Gone when the process ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured

from storage.backends.base import Chunk, ObjectReader, ObjectWriter, StorageBackend, check_key
from storage.backends.types import ListedObject, Listing, ObjectStat
from storage.errors import BackendFull, BackendUnavailable, Conflict


@dataclass(slots=True)
class _Memory:
    """One store: its objects, a lock around them, and how many bytes it may hold (None: no limit)."""

    objects: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


_named: dict[str, _Memory] = {}
_named_lock = threading.Lock()


class MemoryBackend(StorageBackend):
    """``{"name": "x", "capacity": 1000}``: backends of one name share their bytes; capacity is in bytes, optional."""

    supports_listing: ClassVar[bool] = True

    def __init__(self, *, backend_config: Mapping[str, Any] | None = None) -> None:
        super().__init__(backend_config=backend_config)
        name, capacity = self.config.get("name"), self.config.get("capacity")
        if capacity is not None and (isinstance(capacity, bool) or not isinstance(capacity, int) or capacity < 0):
            raise ImproperlyConfigured('"capacity" of a memory backend is a number of bytes.')
        self._capacity: int | None = capacity
        if name is None:
            self._memory = _Memory()
        else:
            with _named_lock:
                self._memory = _named.setdefault(str(name), _Memory())

    def open_writer(self, key: str) -> ObjectWriter:
        """Begin an object."""
        return _MemoryWriter(self._memory, check_key(key), self._capacity)

    def open_reader(self, key: str) -> ObjectReader:
        """Open an object; raises FileNotFoundError."""
        return _MemoryReader(self._find(key)[0])

    def stat(self, key: str) -> ObjectStat:
        """Return size and time of commit."""
        data, modified = self._find(key)
        return ObjectStat(len(data), None, modified)

    def delete(self, name: str) -> None:
        """Forget an object."""
        with self._memory.lock:
            self._memory.objects.pop(check_key(name), None)

    def copy(self, source: str, target: str) -> None:
        """Let two keys share the same bytes."""
        data, _ = self._find(source)
        _put(self._memory, check_key(target), data, self._capacity)

    def keys(self) -> Iterator[str]:
        """Yield the keys of this moment."""
        with self._memory.lock:
            found = list(self._memory.objects)
        yield from found

    def listing(self, *, after: str, limit: int) -> Listing:
        """Sort what is there at this moment."""
        with self._memory.lock:
            found = sorted((key, modified) for key, (_, modified) in self._memory.objects.items() if key > after)
        return Listing([ListedObject(*each) for each in found[:limit]], more=len(found) > limit)

    def _find(self, key: str) -> tuple[bytes, datetime]:
        with self._memory.lock:
            found = self._memory.objects.get(check_key(key))
        if found is None:
            raise FileNotFoundError(key)
        return found


class _MemoryWriter(ObjectWriter):
    def __init__(self, memory: _Memory, key: str, capacity: int | None) -> None:
        self._memory, self._key, self._capacity = memory, key, capacity
        self._buffer: bytearray | None = bytearray()

    def write(self, chunk: Chunk) -> None:
        if self._buffer is None:
            raise BackendUnavailable("This writer is closed.")
        self._buffer += chunk
        if self._capacity is not None and len(self._buffer) > self._capacity:
            raise BackendFull

    def commit(self) -> None:
        if self._buffer is None:
            raise BackendUnavailable("This writer is closed.")
        buffer, self._buffer = self._buffer, None
        _put(self._memory, self._key, bytes(buffer), self._capacity)

    def abort(self) -> None:
        self._buffer = None


class _MemoryReader(ObjectReader):
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]

    def close(self) -> None:
        """Nothing to let go of."""


def _put(memory: _Memory, key: str, data: bytes, capacity: int | None) -> None:
    with memory.lock:
        if key in memory.objects:
            raise Conflict("The store has an object under this key already.")
        if capacity is not None and sum(len(d) for d, _ in memory.objects.values()) + len(data) > capacity:
            raise BackendFull
        memory.objects[key] = (data, datetime.now(UTC))
