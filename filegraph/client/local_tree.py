"""What is to be uploaded: files and folders below local paths, named relative to the destination. Reads no contents.

The trailing slash means what it means to rsync: ``photos`` goes in as a folder of that name, ``photos/`` as its
contents. So the same command twice finds what the first one left. Symbolic links inside a folder are left out: they
could point out of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from filegraph.client.errors import UsageFault

Segments = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file to send: where it is, and its path below the destination."""

    path: Path
    segments: Segments
    size: int


@dataclass(slots=True)
class LocalTree:
    """Everything below the given paths. ``left_out``: (path, reason) of what is not a plain file or cannot be read."""

    files: list[LocalFile] = field(default_factory=list)
    folders: list[Segments] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    links: int = 0


def read_tree(sources: Sequence[str]) -> LocalTree:
    """The tree that ``sources`` spell. Raises ``UsageFault`` for a source that does not exist."""
    tree = LocalTree()
    for source in sources:
        path = Path(source)
        if path.is_dir():
            _add_folder(tree, path, as_contents=source.endswith(("/", os.sep)) or path.name in ("", ".."))
        elif path.is_file():
            _add_file(tree, path, (path.name,))
        else:
            raise UsageFault(f"{source}: there is no such file or folder.")
    return tree


def _add_folder(tree: LocalTree, top: Path, *, as_contents: bool) -> None:
    prefix: Segments = () if as_contents else (top.name,)
    if prefix:
        tree.folders.append(prefix)
    for folder, folders, files in os.walk(top, onerror=lambda error: _add_error(tree, error)):
        here = Path(folder)
        segments = (*prefix, *here.relative_to(top).parts)
        folders[:] = sorted(name for name in folders if not _is_link(tree, here / name))
        tree.folders.extend((*segments, name) for name in folders if _is_text(tree, here / name))
        for name in sorted(files):
            if not _is_link(tree, here / name):
                _add_file(tree, here / name, (*segments, name))


def _add_file(tree: LocalTree, path: Path, segments: Segments) -> None:
    if not _is_text(tree, path):
        return
    try:
        if not path.is_file():
            tree.left_out.append((str(path), "not a plain file"))
            return
        tree.files.append(LocalFile(path, segments, path.stat().st_size))
    except OSError as error:
        _add_error(tree, error)


def _is_text(tree: LocalTree, path: Path) -> bool:
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        tree.left_out.append((os.fsencode(path).decode("utf-8", "replace"), "its name is not valid text"))
        return False
    return True


def _is_link(tree: LocalTree, path: Path) -> bool:
    if path.is_symlink():
        tree.links += 1
        return True
    return False


def _add_error(tree: LocalTree, error: OSError) -> None:
    tree.left_out.append((str(error.filename), error.strerror or "cannot be read"))


def parents_first(folders: Sequence[Segments], files: Sequence[LocalFile]) -> Iterator[list[Segments]]:
    """Every folder that is needed, level by level from the top; the destination itself (``()``) is not among them."""
    needed: set[Segments] = set()
    for segments in (*folders, *(file.segments[:-1] for file in files)):
        needed.update(segments[:depth] for depth in range(1, len(segments) + 1))
    by_depth: dict[int, list[Segments]] = {}
    for segments in needed:
        by_depth.setdefault(len(segments), []).append(segments)
    for depth in sorted(by_depth):
        yield sorted(by_depth[depth])
