"""Rows in bulk: people, folders and files without bytes, for lists and checks. Django has to be set up already."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

from django.db import transaction

from accounts.principal import Principal, actor_of
from accounts.services import access_tokens, users
from storage.models import (
    Blob,
    ConflictPolicy,
    Drive,
    FileVersion,
    Item,
    ItemKind,
    NodeKind,
    NodeRef,
)
from storage.permissions import Role
from storage.services import drives, folders, sharing

FILES_PER_FOLDER = 1000


def new_person(name: str, *, administrator: bool = False) -> tuple[Principal, str]:
    """A user and the secret of an access token of hers."""
    user = users.create_unasked(name, secrets.token_urlsafe(18), administrator=administrator)
    principal = Principal(actor_of(user.pk), user.pk, name)
    token = access_tokens.create(principal, "benchmark", expires_in=86_400, now=datetime.now(UTC))
    return principal, token.secret


def new_drive(owner: Principal, name: str = "bench") -> Drive:
    """An empty drive that ``owner``, an administrator, owns."""
    return drives.create(owner.actor, owner.user_id, name, now=datetime.now(UTC))


def new_folder(owner: Principal, parent: NodeRef, name: str) -> Item:
    """A folder."""
    return folders.create(
        owner.actor, owner.user_id, parent, name, on_conflict=ConflictPolicy.FAIL, now=datetime.now(UTC)
    )


def share(owner: Principal, folder: Item, reader: Principal) -> None:
    """Let ``reader`` see a folder."""
    sharing.share(owner.actor, NodeRef(NodeKind.FOLDER, folder.id), reader.actor, Role.VIEWER)


@transaction.atomic
def add_files(owner: Principal, drive: Drive, parent_id: str, count: int, prefix: str = "file") -> None:
    """Insert ``count`` files of 1 KiB into a folder (or the drive, by its id)."""
    now = datetime.now(UTC)
    items: list[Item] = []
    blobs: list[Blob] = []
    for number in range(count):
        name, sha256 = f"{prefix} {number:06}.txt", hashlib.sha256(secrets.token_bytes(16)).hexdigest()
        blobs.append(
            Blob(
                drive=drive,
                backend_id=drive.backend_id,
                key=secrets.token_hex(16),
                sha256=sha256,
                size=1024,
                created_at=now,
            )
        )
        items.append(
            Item(
                kind=ItemKind.FILE,
                drive=drive,
                parent_id=parent_id,
                name=name,
                name_key=name,
                size=1024,
                content_type="text/plain",
                sha256=sha256,
                created_at=now,
                updated_at=now,
                created_by_id=owner.user_id,
            )
        )
    versions = [
        FileVersion(
            file=item, blob=blob, number=1, content_type="text/plain", created_at=now, created_by_id=owner.user_id
        )
        for item, blob in zip(items, blobs, strict=True)
    ]
    Blob.objects.bulk_create(blobs, batch_size=500)
    Item.objects.bulk_create(items, batch_size=500)
    FileVersion.objects.bulk_create(versions, batch_size=500)
    for item, version in zip(items, versions, strict=True):
        item.current_version = version
    Item.objects.bulk_update(items, ["current_version"], batch_size=200)


def fill(owner: Principal, reader: Principal, drive: Drive, visible: int, total: int) -> None:
    """``total`` files in folders, of which ``reader`` sees those of one folder alone."""
    top = NodeRef(NodeKind.DRIVE, drive.id)
    shared = new_folder(owner, top, "shared")
    add_files(owner, drive, shared.id, visible, "seen")
    share(owner, shared, reader)
    for number, count in enumerate(_portions(total - visible)):
        add_files(owner, drive, new_folder(owner, top, f"folder {number}").id, count, f"hidden {number}")


def _portions(count: int) -> Iterator[int]:
    while count > 0:
        yield min(count, FILES_PER_FOLDER)
        count -= FILES_PER_FOLDER
