"""Addresses of remote things: ``DRIVE:/folder/file``. Pure parsing; ``filegraph.client.remote`` finds what they name.

The part before the colon is the name of a drive, or the id of a drive or folder (``folder_...:/report.txt``): somebody
who was given one folder deep inside a drive may not see the drive's name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from filegraph.client.errors import UsageFault

_ID = re.compile(r"(drive|folder|file)_[0-9A-Za-z]{26}\Z")


@dataclass(frozen=True, slots=True)
class Address:
    """``root``: name or id before the colon. ``segments``: the path below it. ``contents``: it ended in a slash."""

    root: str
    segments: tuple[str, ...] = ()
    contents: bool = False

    @property
    def root_is_id(self) -> bool:
        """Whether the part before the colon is an id."""
        return _ID.match(self.root) is not None

    @property
    def name(self) -> str:
        """The last segment, or "" for the root itself."""
        return self.segments[-1] if self.segments else ""

    @property
    def path(self) -> str:
        """The path with its leading slash."""
        return "/" + "/".join(self.segments)

    @property
    def parent(self) -> Address:
        """The address one level up; the root's parent is the root."""
        return Address(self.root, self.segments[:-1])

    def child(self, name: str) -> Address:
        """The address of ``name`` inside this one."""
        return Address(self.root, (*self.segments, name))

    def __str__(self) -> str:
        return f"{self.root}:{self.path}"


def parse_address(text: str) -> Address:
    """The address that ``text`` spells. Raises ``UsageFault``."""
    if _ID.match(text):
        return Address(text)
    cut = text.find(":/")
    cut = text.find(":") if cut < 0 else cut
    if cut < 1:
        raise UsageFault(f"{text!r} is not a remote path; write DRIVE:/path, such as {text.strip('/') or 'Work'}:/.")
    path = text[cut + 1 :]
    segments = tuple(part for part in path.split("/") if part)
    if any(part in (".", "..") for part in segments):
        raise UsageFault(f"{text!r}: '.' and '..' are not part of a remote path.")
    return Address(text[:cut], segments, contents=path.endswith("/") or not segments)
