"""Drives: the trees themselves. What lies in them belongs to ``folders``, ``items`` and ``uploads``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction

from authz.services import relationships
from authz.types import Actor, TupleKey
from storage import names
from storage.errors import DriveReadOnly, InvalidArgument, NameTaken
from storage.keys import check_prefix
from storage.models import Backend, Drive, FolderClosure, Item, ItemKind
from storage.permissions import Permission, Role, require_of_organization

MAX_QUOTA = 2**63 - 1
"""Bytes: what the column holds."""


def create(
    actor: Actor,
    created_by_id: str | None,
    name: str,
    *,
    now: datetime,
    quota_bytes: int | None = None,
    backend_id: str | None = None,
    prefix: str = "",
) -> Drive:
    """Create an empty drive that the actor owns; needs ``can_create_drive`` on the organization.

    ``quota_bytes`` None means no limit. Without ``backend_id`` it goes to the oldest writable backend. ``prefix`` goes
    before the keys of its objects. Raises PermissionDenied, InvalidName, NameTaken (names of drives are unique),
    InvalidArgument (quota, prefix, backend).
    """
    key = names.checked(name)
    if quota_bytes is not None and not 0 <= quota_bytes <= MAX_QUOTA:
        raise InvalidArgument("A quota is a number of bytes, 0 or more.", path=["quota"])
    check_prefix(prefix)
    with transaction.atomic():
        require_of_organization(actor, Permission.CREATE_DRIVE)
        drive = Drive(
            name=name,
            name_key=key,
            backend=_backend(backend_id),
            prefix=prefix,
            quota_bytes=quota_bytes,
            created_by_id=created_by_id,
            created_at=now,
            updated_at=now,
        )
        _insert(drive, now)
        relationships.write(writes=[TupleKey(actor, Role.OWNER.value, f"drive:{drive.id}")])
    return drive


def require_writable(drives: Iterable[Drive]) -> None:
    """Raise DriveReadOnly when one of the drives is archived. Reads, and rights, stay as they are."""
    if any(drive.archived_at is not None for drive in drives):
        raise DriveReadOnly


def _backend(backend_id: str | None) -> Backend:
    backends = Backend.objects.filter(writable=True)
    if backend_id is not None:
        backends = backends.filter(id=backend_id)
    backend = backends.order_by("created_at", "id").first()
    if backend is None:
        raise InvalidArgument("There is no such writable backend.", path=["backendId"])
    return backend


def _insert(drive: Drive, now: datetime) -> None:
    try:
        with transaction.atomic():
            drive.save(force_insert=True)
    except IntegrityError:
        raise NameTaken("There is a drive of this name already.") from None
    # The root folder: never shown to a client, named by the id of its drive.
    Item.objects.create(
        id=drive.id,
        kind=ItemKind.FOLDER,
        drive=drive,
        parent=None,
        name="",
        name_key="",
        created_at=now,
        updated_at=now,
    )
    FolderClosure.objects.add(drive.id, None)
