"""What the demonstration runs on. A stack starts a whole service and says where it is; the story knows no more."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.components.server import serving


@dataclass(frozen=True, slots=True)
class Service:
    """A running service: its address and the one-time token that makes the first administrator."""

    url: str
    setup_token: str
    description: str


Stack = Callable[[Path], AbstractContextManager[Service]]
"""Starts a service that keeps its data below a folder, and stops it at the end."""


@contextlib.contextmanager
def embedded(place: Path) -> Iterator[Service]:
    """One process, SQLite and local files: what `make run` gives."""
    with serving(place=place) as server:
        yield Service(server.url, server.setup_token, f"SQLite, local files, process {server.pid}")


STACKS: dict[str, Stack] = {"embedded": embedded}
"""By the value of the environment variable STACK."""
