"""Bytes on a file system of this machine, durably.

Below ``root``: ``objects/`` holds committed objects, ``tmp/`` those on their way. An object is written to ``tmp``,
fsynced, linked to its final name (``link`` fails where the name exists, so nothing is ever overwritten), and the
directory is fsynced before ``commit`` returns. Every step walks from a directory descriptor without following symbolic
links, so a link planted inside the root leads nowhere. ``tmp`` and ``objects`` must be one file system with hard links.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat as stat_module
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from storage.backends.base import Chunk, ObjectReader, ObjectWriter, StorageBackend
from storage.backends.types import ObjectStat
from storage.errors import BackendFull, BackendUnavailable, Conflict, InvalidArgument

_PART = re.compile(r"[^/\x00]{1,255}")
_MAX_KEY = 1000
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FULL = (errno.ENOSPC, errno.EDQUOT)
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


class LocalBackend(StorageBackend):
    """``{"root": "/absolute/path"}``; the directory is made if it is not there."""

    def __init__(self, *, backend_config: Mapping[str, Any] | None = None) -> None:
        super().__init__(backend_config=backend_config)
        root = self.config.get("root")
        if not isinstance(root, str) or not os.path.isabs(root) or "\0" in root:
            raise ImproperlyConfigured('A local backend needs "root", an absolute path.')
        self._root = os.path.realpath(root)
        try:
            for part in ("objects", "tmp"):
                os.makedirs(os.path.join(self._root, part), mode=0o700, exist_ok=True)
            _fsync_path(self._root)
            _fsync_path(os.path.dirname(self._root))
        except OSError as error:
            reason = f"The folder {root} cannot be used: {error.strerror}."
            raise BackendUnavailable(reason=reason, setting="root") from error
        self._objects = os.path.join(self._root, "objects")
        self._tmp = os.path.join(self._root, "tmp")

    def path(self, name: str) -> str:
        """Return the absolute path of an object, whether or not it is there."""
        return os.path.join(self._objects, *_parts(name))

    def open_writer(self, key: str) -> ObjectWriter:
        """Begin an object; its directory is made at ``commit``."""
        parts = _parts(key)
        with _translated(absent=BackendUnavailable):
            return LocalWriter(self._tmp, self._objects, parts)

    def open_reader(self, key: str) -> ObjectReader:
        """Open an object; raises FileNotFoundError."""
        return LocalReader(self._open_object(key))

    def stat(self, key: str) -> ObjectStat:
        """Return size and time of commit; a file system proves no hash."""
        parts = _parts(key)
        with _translated(), _directory(self._objects, parts[:-1]) as directory:
            found = os.stat(parts[-1], dir_fd=directory, follow_symlinks=False)
        if not stat_module.S_ISREG(found.st_mode):
            raise FileNotFoundError(errno.ENOENT, "not an object", key)
        return ObjectStat(found.st_size, None, datetime.fromtimestamp(found.st_mtime, UTC))

    def delete(self, name: str) -> None:
        """Unlink, and fsync the directory."""
        parts = _parts(name)
        with suppress(FileNotFoundError), _translated(), _directory(self._objects, parts[:-1]) as fd:
            os.unlink(parts[-1], dir_fd=fd)
            os.fsync(fd)

    def copy(self, source: str, target: str) -> None:
        """Make a hard link: objects are never changed in place, so two names may share their bytes."""
        old, new = _parts(source), _parts(target)
        with (
            _translated(),
            _directory(self._objects, old[:-1]) as old_fd,
            _made_directory(self._objects, new[:-1]) as fd,
        ):
            os.link(old[-1], new[-1], src_dir_fd=old_fd, dst_dir_fd=fd, follow_symlinks=False)
            os.fsync(fd)

    def keys(self) -> Iterator[str]:
        """Walk ``objects``; symbolic links are not followed and not told."""
        for directory, names, files in os.walk(self._objects, followlinks=False):
            names.sort()
            below = os.path.relpath(directory, self._objects)
            for name in files:
                if _is_plain_file(os.path.join(directory, name)):
                    yield name if below == "." else f"{below}/{name}"

    def remove_stale(self, before: datetime) -> int:
        """Remove files of ``tmp`` that nobody has written to since ``before``."""
        removed = 0
        with _translated(), os.scandir(self._tmp) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    if entry.stat(follow_symlinks=False).st_mtime < before.timestamp():
                        os.unlink(entry.path)
                        removed += 1
        return removed

    def _open_object(self, key: str) -> int:
        parts = _parts(key)
        with _translated(), _directory(self._objects, parts[:-1]) as directory:
            fd = os.open(parts[-1], _READ, dir_fd=directory)
            if not stat_module.S_ISREG(os.fstat(fd).st_mode):
                os.close(fd)
                raise FileNotFoundError(errno.ENOENT, "not an object", key)
            return fd


class LocalWriter(ObjectWriter):
    """A file in ``tmp`` that becomes an object at ``commit``."""

    def __init__(self, tmp: str, objects: str, parts: list[str]) -> None:
        self._objects, self._parts = objects, parts
        self._temporary = os.path.join(tmp, secrets.token_hex(16))
        self._fd: int | None = os.open(self._temporary, _CREATE, 0o600)
        self._synced = False

    def write(self, chunk: Chunk) -> None:
        """Append; raises BackendFull, BackendUnavailable."""
        if self._fd is None:
            raise BackendUnavailable("This writer is closed.")
        self._synced = False
        with _translated(absent=BackendUnavailable), memoryview(chunk) as view:
            written = os.write(self._fd, view)
            while written < len(view):
                written += os.write(self._fd, view[written:])

    def sync(self) -> None:
        """File to disk."""
        if self._fd is None:
            raise BackendUnavailable("This writer is closed.")
        try:
            with _translated(absent=BackendUnavailable):
                os.fsync(self._fd)
        except BaseException:
            # The kernel tells of a lost write once: a second fsync would say that all is well.
            self.abort()
            raise
        self._synced = True

    def commit(self) -> None:
        """File to disk, then the name, then the directory that holds the name."""
        if not self._synced:
            self.sync()
        if self._fd is None:
            raise BackendUnavailable("This writer is closed.")
        name = self._parts[-1]
        try:
            with (
                _translated(absent=BackendUnavailable),
                _made_directory(self._objects, self._parts[:-1]) as directory,
            ):
                os.link(self._temporary, name, dst_dir_fd=directory, follow_symlinks=False)
                try:
                    os.fsync(directory)
                except OSError:
                    # Not known to be durable: take the name back, so that no answer can rest on it.
                    with suppress(OSError):
                        os.unlink(name, dir_fd=directory)
                    raise
        finally:
            self.abort()

    def abort(self) -> None:
        """Remove the temporary file."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            with suppress(OSError):
                os.close(fd)
            # What cannot be unlinked here is found by remove_stale.
            with suppress(OSError):
                os.unlink(self._temporary)


class LocalReader(ObjectReader):
    """An open file; the bytes stay readable after the object is unlinked."""

    def __init__(self, fd: int) -> None:
        self._fd: int | None = fd
        self.size = os.fstat(fd).st_size

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes without moving a shared position, so that threads may read at once."""
        with _translated():
            data = os.pread(self.fileno(), length, offset)
            if len(data) == length or offset + len(data) >= self.size:
                return data
            pieces = [data]
            while (got := sum(map(len, pieces))) < length:
                piece = os.pread(self.fileno(), length - got, offset + got)
                if not piece:
                    break
                pieces.append(piece)
            return b"".join(pieces)

    def fileno(self) -> int:
        """Return the descriptor; it lives as long as the reader."""
        if self._fd is None:
            raise ValueError("the reader is closed")
        return self._fd

    def close(self) -> None:
        """Close the descriptor."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            os.close(fd)


def _parts(key: str) -> list[str]:
    """Split a key; raises InvalidArgument for all that could mean another place than one below ``objects``."""
    parts = key.split("/")
    if len(key) > _MAX_KEY or not all(_PART.fullmatch(p) and p not in (".", "..") for p in parts):
        raise InvalidArgument("This is not a key of an object.")
    try:
        too_long = any(len(os.fsencode(part)) > 255 for part in parts)
    except UnicodeEncodeError:
        too_long = True
    if too_long:
        raise InvalidArgument("This is not a key of an object.")
    return parts


@contextmanager
def _directory(base: str, parts: list[str]) -> Iterator[int]:
    """Open the directory ``base/parts...`` step by step, refusing symbolic links."""
    fd = os.open(base, _DIRECTORY)
    try:
        for part in parts:
            below = os.open(part, _DIRECTORY, dir_fd=fd)
            os.close(fd)
            fd = below
        yield fd
    finally:
        os.close(fd)


@contextmanager
def _made_directory(base: str, parts: list[str]) -> Iterator[int]:
    """As ``_directory``, making what is missing; a new directory's parent is fsynced, or the name could be lost."""
    fd = os.open(base, _DIRECTORY)
    try:
        for part in parts:
            try:
                below = os.open(part, _DIRECTORY, dir_fd=fd)
            except FileNotFoundError:
                with suppress(FileExistsError):
                    os.mkdir(part, 0o700, dir_fd=fd)
                # Also when somebody else made it this instant: her fsync may not have happened yet.
                os.fsync(fd)
                below = os.open(part, _DIRECTORY, dir_fd=fd)
            os.close(fd)
            fd = below
        yield fd
    finally:
        os.close(fd)


def _is_plain_file(path: str) -> bool:
    try:
        return stat_module.S_ISREG(os.lstat(path).st_mode)
    except FileNotFoundError:
        # It has gone since its directory was read.
        return False


def _fsync_path(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextmanager
def _translated(absent: type[Exception] = FileNotFoundError) -> Iterator[None]:
    """Turn what the system says into the errors of storage; ``absent`` is what a missing path means here."""
    try:
        yield
    except FileExistsError:
        raise Conflict("The store has an object under this key already.") from None
    except OSError as error:
        if error.errno in _ABSENT:
            raise absent() from error
        if error.errno in _FULL:
            raise BackendFull from error
        raise BackendUnavailable from error
