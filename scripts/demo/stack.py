"""What the demonstration runs on. A stack starts a whole service and says where it is; the story knows no more."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.components.production import production as running_production
from tests.components.server import serving


@dataclass(frozen=True, slots=True)
class Service:
    """A running service: its address and the one-time token that makes the first administrator."""

    url: str
    setup_token: str
    description: str
    logs: tuple[Path, ...]

    def log_tails(self, size: int = 2000) -> str:
        """The last ``size`` characters of each log of its processes, to be read before the service is taken away."""
        return "\n".join(f"The end of {log.name}:\n{log.read_text(errors='replace')[-size:]}" for log in self.logs)


Stack = Callable[[Path], AbstractContextManager[Service]]
"""Starts a service that keeps its data below a folder, and stops it at the end."""


@contextlib.contextmanager
def embedded(place: Path) -> Iterator[Service]:
    """One process, SQLite and local files: what `make run` gives."""
    with serving(place=place) as server:
        yield Service(server.url, server.setup_token, f"SQLite, local files, process {server.pid}", (server.log,))


@contextlib.contextmanager
def production(place: Path) -> Iterator[Service]:
    """PostgreSQL, S3, OpenFGA, and two processes behind nginx: what `docs/production.md` describes."""
    with running_production(place) as parts:
        processes = " and ".join(str(server.pid) for server in parts.servers)
        description = f"nginx, processes {processes}, PostgreSQL, SeaweedFS, OpenFGA"
        yield Service(parts.url, parts.setup_token, description, tuple(server.log for server in parts.servers))


STACKS: dict[str, Stack] = {"embedded": embedded, "production": production}
"""By the value of the environment variable STACK."""
