"""A byte plane with everything real under it: services, database, threads and a local store."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from accounts.models import User
from authz.services import relationships
from authz.types import ORGANIZATION, Actor, TupleKey
from filegraph.database_threads import DatabaseThreads
from storage import registry
from storage.backends.base import StorageBackend
from storage.models import Backend, ConflictPolicy, Drive, File
from storage.services import downloads, drives, uploads
from storage.services.downloads import Disposition
from tests.components.asgi_client import Answer, exchange
from transfer.app import TransferApp
from transfer.conf import TransferSettings

T = TypeVar("T")
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class Plane:
    """The byte plane, an owner with a drive, and a clock that stands still."""

    drive: Drive
    owner: User
    backend: StorageBackend
    threads: DatabaseThreads
    now: datetime = START
    settings: TransferSettings = field(default_factory=lambda: TransferSettings(linger=0.05))
    apps: list[TransferApp] = field(default_factory=list)

    @property
    def app(self) -> TransferApp:
        """The application; made when first asked for, so that a test may change ``settings`` before."""
        if not self.apps:
            self.apps.append(TransferApp(run=self.threads.run, clock=lambda: self.now, settings=self.settings))
        return self.apps[-1]

    @property
    def actor(self) -> Actor:
        """Who uploads."""
        return Actor(f"user:{self.owner.id}")

    def configure(self, **changes: Any) -> None:
        """Use other settings from now on."""
        self.settings = replace(self.settings, **changes)
        for app in self.apps:
            app.close()
        self.apps.clear()

    def ask(self, method: str, path: str, **rest: Any) -> Answer:
        """One exchange; see ``exchange``."""
        return exchange(self.app, method, path, **rest)

    def put(self, path: str, body: Any, **headers: str) -> Answer:
        """PUT ``body``; headers by keyword, with underscores."""
        return self.ask("PUT", path, body=body, headers=_spelled(headers))

    def get(self, path: str, **headers: str) -> Answer:
        """GET; headers by keyword, with underscores."""
        return self.ask("GET", path, headers=_spelled(headers))

    def begin(self, size: int, *, name: str = "report.txt", sha256: str = "") -> tuple[str, str]:
        """Begin an upload: its id and the path of its URL."""
        request = uploads.BeginRequest(
            self.drive.id, name, size, sha256=sha256, on_conflict=ConflictPolicy.RENAME, parent_kind="drive"
        )
        (started,) = uploads.begin(self.actor, self.owner.id, [request], now=self.now)
        assert isinstance(started, uploads.StartedUpload), started
        assert isinstance(started.transport, uploads.SinglePut)
        return started.upload.id, started.transport.path

    def finalize(self, upload_id: str) -> File:
        """Make a file of it."""
        (done,) = uploads.finalize(self.actor, [uploads.FinalizeRequest(upload_id)], now=self.now)
        assert isinstance(done, uploads.FinalizedUpload), done
        assert done.file is not None
        return done.file

    def store(self, content: bytes, *, name: str = "report.txt") -> File:
        """Begin, PUT, finalize."""
        upload_id, path = self.begin(len(content), name=name, sha256=hashlib.sha256(content).hexdigest())
        assert self.put(path, content).status == 204
        return self.finalize(upload_id)

    def link(
        self,
        file: File,
        *,
        actor: Actor | None = None,
        disposition: Disposition = Disposition.ATTACHMENT,
        expires_in: int | None = None,
    ) -> str:
        """The path of a download URL."""
        return downloads.link(
            actor or self.actor, file, disposition=disposition, expires_in=expires_in, now=self.now
        ).url("")

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


class Stranger:
    """Asks a byte plane that has no database."""

    def __init__(self, settings: TransferSettings | None = None) -> None:
        self.app = TransferApp(run=_never, clock=lambda: START, settings=settings or TransferSettings(linger=0.05))

    def ask(self, method: str, path: str, **rest: Any) -> Answer:
        """One exchange; see ``exchange``."""
        return exchange(self.app, method, path, **rest)


def _never(work: Callable[[], T], /) -> Awaitable[T]:
    raise AssertionError(f"the database was asked: {work}")


def _spelled(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.fixture
def person(transactional_db: None) -> Callable[[str], User]:
    """Makes people."""
    return lambda username: User.objects.create_user(username, "password")


@pytest.fixture
def plane(transactional_db: None, person: Callable[[str], User], tmp_path: Path) -> Iterator[Plane]:
    """A byte plane over a local store in a temporary directory."""
    row = Backend.objects.create(name="test", driver="local", config={"root": str(tmp_path / "store")})
    owner = person("owner")
    relationships.write(writes=[TupleKey(f"user:{owner.id}", "admin", ORGANIZATION)])
    drive = drives.create(
        Actor(f"user:{owner.id}"), owner.id, "Papers", now=START, quota_bytes=1 << 30, backend_id=row.id
    )
    threads = DatabaseThreads(2)
    made = Plane(drive, owner, registry.backend_for(row), threads)
    yield made
    for app in made.apps:
        app.close()
    threads.close()


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    """A byte plane whose database must not be asked: for what is judged before."""
    made = Stranger()
    yield made
    made.app.close()
