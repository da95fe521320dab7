"""A small installation for tests of uploads: a store on disk, a drive, people with different rights, a clock."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
from django.contrib.auth import get_user_model

from authz.identifiers import new_identifier
from authz.services import relationships
from authz.types import Actor, TupleKey
from storage import addresses, content, registry
from storage.backends.base import StorageBackend
from storage.errors import StorageError
from storage.models import Backend, Drive, File, FolderClosure, Item, ItemKind, Upload
from storage.services import downloads, uploads
from storage.services.sweep import SweepReport, sweep
from storage.services.uploads import (
    BeginRequest,
    FinalizedUpload,
    FinalizeRequest,
    PresignedPut,
    SinglePut,
    StartedUpload,
    receive,
)
from storage.testing import invariants

T = TypeVar("T")
START = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)


@dataclass
class World:
    """Everything a test needs, with short verbs. Errors that are answers are raised."""

    backend: Backend
    drive: Drive
    now: datetime = START
    people: dict[str, Any] = field(default_factory=dict)

    @property
    def store(self) -> StorageBackend:
        return registry.backend_for(self.backend)

    def pass_time(self, **amount: int) -> None:
        self.now += timedelta(**amount)

    def actor(self, name: str) -> Actor:
        """Return a person by name, made on first use, without any right."""
        if name not in self.people:
            model: Any = get_user_model()
            unique = new_identifier()
            self.people[name] = model.objects.create_user(username=f"{name}-{unique}", password="x")
        return Actor(f"user:{self.people[name].pk}")

    def grant(self, name: str, relation: str, object: str = "") -> Actor:
        actor = self.actor(name)
        relationships.write(writes=[TupleKey(actor, relation, object or f"drive:{self.drive.id}")])
        return actor

    def revoke(self, name: str, relation: str, object: str = "") -> None:
        relationships.write(deletes=[TupleKey(self.actor(name), relation, object or f"drive:{self.drive.id}")])

    def folder(self, name: str = "folder", parent: Item | None = None) -> Item:
        parent_id = parent.id if parent else self.drive.id
        folder = Item.objects.create(
            kind=ItemKind.FOLDER, drive=self.drive, parent_id=parent_id, name=name, name_key=name,
            created_at=self.now, updated_at=self.now,
        )  # fmt: skip
        above = FolderClosure.objects.filter(descendant=parent_id).values_list("ancestor_id", "depth")
        rows = [(folder.id, 0), *((ancestor, depth + 1) for ancestor, depth in above)]
        FolderClosure.objects.bulk_create(
            [FolderClosure(ancestor_id=a, descendant_id=folder.id, depth=d) for a, d in rows]
        )
        return folder

    def request(self, name: str = "a.txt", data: bytes | int = b"hello", **more: Any) -> BeginRequest:
        more.setdefault("parent_id", self.drive.id)
        more.setdefault("parent_kind", "drive" if more["parent_id"] == self.drive.id else "folder")
        return BeginRequest(name=name, size=data if isinstance(data, int) else len(data), **more)

    def begin(self, who: str, name: str = "a.txt", data: bytes | int = b"hello", **more: Any) -> StartedUpload:
        (answer,) = self.begin_all(who, [self.request(name, data, **more)])
        return given(answer)

    def begin_all(self, who: str, requests: list[BeginRequest]) -> list[StartedUpload | StorageError]:
        actor = self.actor(who)
        return uploads.begin(actor, actor.partition(":")[2], requests, now=self.now)

    def start(self, started: StartedUpload, **more: Any) -> receive.Receiving:
        more.setdefault("content_length", started.upload.declared_size)
        return receive.start(token_of(started), now=self.now, **more)

    def put(self, started: StartedUpload, data: bytes = b"hello") -> None:
        arriving = self.start(started)
        arriving.writer.write(data)
        self.finish(arriving, data)

    def finish(self, arriving: receive.Receiving, data: bytes = b"hello") -> None:
        arrived: dict[str, Any] = {"size": len(data), "sha256": sha256(data)}
        try:
            receive.store(arriving, **arrived)
        except BaseException:
            receive.interrupt(arriving, now=self.now)
            raise
        receive.finish(arriving, **arrived, content_type=content.sniff(data, arriving.name), now=self.now)

    def send(self, started: StartedUpload, data: bytes = b"hello") -> httpx.Response:
        """PUT to the store itself, as the transport says."""
        assert isinstance(started.transport, PresignedPut)
        plan = started.transport
        return httpx.request(
            plan.method, plan.signed_url, content=data, headers=dict(plan.headers), trust_env=False, timeout=30
        )

    def finalize(self, who: str, started: StartedUpload | str, sha256: str = "") -> FinalizedUpload:
        upload_id = started if isinstance(started, str) else started.upload.id
        (answer,) = uploads.finalize(self.actor(who), [FinalizeRequest(upload_id, sha256)], now=self.now)
        return given(answer)

    def upload(self, who: str, name: str = "a.txt", data: bytes = b"hello", **more: Any) -> File:
        started = self.begin(who, name, data, **more)
        if isinstance(started.transport, SinglePut):
            self.put(started, data)
        finalized = self.finalize(who, started)
        assert finalized.file is not None
        return finalized.file

    def read(self, who: str, file: Item, **more: Any) -> bytes:
        link = downloads.link(self.actor(who), file, now=self.now, **more)
        if isinstance(link, downloads.DirectLink):
            return httpx.get(link.signed_url, trust_env=False).raise_for_status().content
        with downloads.open(link.path.split("/")[2], now=self.now).reader as reader:
            return reader.read(0, reader.size)

    def sweep(self) -> SweepReport:
        return sweep(now=self.now)

    def state(self, started: StartedUpload) -> str:
        return Upload.objects.get(id=started.upload.id).state

    def check(self) -> None:
        invariants.check()


def make_world(
    root: Path | str,
    *,
    driver: str = "local",
    config: dict[str, Any] | None = None,
    quota: int | None = None,
    prefix: str = "",
) -> World:
    """Make a backend and an empty drive: ``olga`` owns it, ``ed`` edits, ``vi`` views, ``up`` may only upload."""
    unique = new_identifier()
    if config is None:
        config = {"root": f"{root}/{unique}"} if driver == "local" else {"name": unique}
    backend = Backend.objects.create(name=unique, driver=driver, config=config)
    drive = Drive.objects.create(name=unique, name_key=unique, backend=backend, quota_bytes=quota, prefix=prefix)
    Item.objects.create(
        id=drive.id, kind=ItemKind.FOLDER, drive=drive, parent=None, name="", name_key="", created_at=START,
        updated_at=START,
    )  # fmt: skip
    FolderClosure.objects.bulk_create([FolderClosure(ancestor_id=drive.id, descendant_id=drive.id, depth=0)])
    world = World(backend, drive)
    for name, relation in (("olga", "owner"), ("ed", "editor"), ("vi", "viewer"), ("up", "uploader")):
        world.grant(name, relation)
    return world


def given(answer: T | StorageError) -> T:
    """Return an answer, or raise it if it is an error."""
    if isinstance(answer, StorageError):
        raise answer
    return answer


def token_of(started: StartedUpload) -> str:
    assert isinstance(started.transport, SinglePut)
    return started.transport.path.removeprefix(addresses.UPLOADS)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def make_direct_world(config: dict[str, Any]) -> World:
    """A world on an S3 store of that configuration, at the present time: the store judges links by its own clock."""
    made = make_world("", driver="s3", config=config, prefix="team")
    made.now = datetime.now(UTC)
    return made
