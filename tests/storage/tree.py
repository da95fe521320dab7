"""A small installation to test the tree with: people, a drive, and files whose bytes do not matter."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from django.contrib.auth import get_user_model
from django.db import transaction

from authz.identifiers import new_identifier
from authz.services import relationships
from authz.types import Actor, TupleKey
from storage import names
from storage.models import Backend, Blob, Drive, FileVersion, Item, ItemKind, Node, NodeRef
from storage.permissions import kind_of
from storage.selectors.rows import load
from storage.services import drives, folders, quota
from storage.services.folders import folder_id_of

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
_NUMBERS = count()


def person(name: str = "") -> Actor:
    """Insert a person."""
    user = get_user_model().objects.create(username=f"{name}{next(_NUMBERS)}")
    return Actor(f"user:{user.pk}")


def user_id(actor: Actor) -> str:
    return actor.partition(":")[2]


def grant(who: str, relation: str, on: Node | str) -> None:
    """Write a tuple on a node, or on an object of authz."""
    relationships.write(writes=[TupleKey(who, relation, on if isinstance(on, str) else name_of(on))])


def name_of(row: Node) -> str:
    return f"{kind_of(row).value}:{row.id}"


def ref(row: Node) -> NodeRef:
    return NodeRef(kind_of(row), row.id)


def fresh(row: Item) -> Item:
    (found,) = load([ref(row)])
    assert isinstance(found, Item)
    return found


@dataclass(frozen=True)
class Place:
    """A drive with its owner and the administrator of the organization."""

    drive: Drive
    admin: Actor
    owner: Actor

    @classmethod
    def make(cls, *, quota_bytes: int | None = None) -> Place:
        backend = Backend.objects.create(name=new_identifier(), driver="memory")
        admin, owner = person("admin"), person("owner")
        grant(admin, "admin", "organization:default")
        drive = drives.create(
            admin, user_id(admin), f"Drive {new_identifier()}", backend_id=backend.id, quota_bytes=quota_bytes, now=NOW
        )
        grant(owner, "owner", drive)
        return cls(drive, admin, owner)

    def folder(self, name: str, parent: Node | None = None) -> Item:
        return folders.create(self.owner, user_id(self.owner), ref(parent or self.drive), name, now=NOW)

    def file(self, name: str, parent: Node | None = None, *, content: bytes = b"x", by: Actor | None = None) -> Item:
        return put_file(parent or self.drive, name, content=content, created_by_id=user_id(by) if by else None)


def put_file(parent: Node, name: str, *, content: bytes = b"x", created_by_id: str | None = None) -> Item:
    """Insert a file as a finished upload leaves it; its bytes are in no store."""
    drive_id = parent.id if isinstance(parent, Drive) else parent.drive_id
    drive = Drive.objects.get(id=drive_id)
    sha256, size = hashlib.sha256(content).hexdigest(), len(content)
    with transaction.atomic():
        quota.reserve(drive_id, size)
        quota.settle(drive_id, size)
        blob, _ = Blob.objects.get_or_create(
            drive=drive,
            sha256=sha256,
            size=size,
            defaults={"backend_id": drive.backend_id, "key": new_identifier(), "created_at": NOW},
        )
        item = Item.objects.create(
            kind=ItemKind.FILE,
            drive=drive,
            parent_id=folder_id_of(parent),
            name=name,
            name_key=names.key(name),
            size=size,
            content_type="text/plain",
            sha256=sha256,
            created_at=NOW,
            updated_at=NOW,
            created_by_id=created_by_id,
        )
        item.current_version = FileVersion.objects.create(
            file=item, blob=blob, number=1, content_type="text/plain", created_at=NOW, created_by_id=created_by_id
        )
        item.save(update_fields=["current_version"])
    return item
