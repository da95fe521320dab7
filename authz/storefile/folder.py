"""The folder of a store file: opens what the file names, and by default nothing outside of it."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from authz.storefile.faults import Fault, InvalidStoreFile

MAX_FILE_BYTES = 64 * 1024 * 1024
"""Largest store or tuple file: some half a million tuples."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Where names in a store file are looked up; ``external`` lets them lead out of the folder, also by links."""

    path: Path
    external: bool = False

    def find(self, name: str) -> Path:
        """Return the regular file called ``name``, a path relative to the folder. Raises InvalidStoreFile."""
        path = self.path / name
        root = self.path.resolve()
        try:
            file = path.resolve()
            if not (self.external or (file.is_relative_to(root) and not Path(name).is_absolute())):
                raise InvalidStoreFile([Fault(path, "lies outside the folder of the store file")])
            require_regular(path)
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from error
        return path


def require_regular(path: Path) -> None:
    """Raise InvalidStoreFile for a pipe or a device, which could be read for ever, and OSError for no file at all."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise InvalidStoreFile([Fault(path, "is not a regular file")])


def read_text(path: Path) -> str:
    """Return the text of a file. Raises InvalidStoreFile."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise InvalidStoreFile([Fault(path, f"is larger than {MAX_FILE_BYTES} bytes")])
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidStoreFile([Fault(path, f"is not UTF-8 (byte {error.start})")]) from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> InvalidStoreFile:
    if isinstance(error, InvalidStoreFile):
        return error
    return InvalidStoreFile([Fault(path, getattr(error, "strerror", None) or "cannot be read")])
