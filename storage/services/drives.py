"""Drives: the trees themselves. What lies in them belongs to ``folders``, ``items`` and ``uploads``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction

from authz.services import relationships, rights
from authz.types import Actor, TupleKey
from storage import names
from storage.errors import Conflict, DriveReadOnly, InvalidArgument, NameTaken, NotFound, PermissionDenied
from storage.keys import check_prefix
from storage.models import Backend, Drive, FolderClosure, Item, ItemKind
from storage.permissions import Permission, Role, require, require_of_organization
from storage.services import mirror

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
    _check_quota(quota_bytes)
    check_prefix(prefix)
    with transaction.atomic():
        if not rights.hold(actor):
            raise PermissionDenied
        require_of_organization(actor, Permission.CREATE_DRIVE, "You may not make drives; ask an administrator.")
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
        mirror.placed([drive])
        relationships.write(actor=actor, writes=[TupleKey(actor, Role.OWNER.value, f"drive:{drive.id}")])
    return drive


def change(actor: Actor, drive_id: str, *, quota_bytes: int | None, archived: bool, now: datetime) -> Drive:
    """Give a drive this quota (None: no limit) and archive or reopen it; needs ``can_manage``.

    Another quota needs ``can_create_drive`` on the organization as well: whoever gives out room, and not who fills it.
    Raises NotFound, PermissionDenied, InvalidArgument, Conflict (the drive holds more than the new quota).
    """
    _check_quota(quota_bytes)
    with transaction.atomic():
        drive = Drive.objects.select_for_update().filter(id=drive_id).first()
        if drive is None or not rights.hold(actor):
            raise NotFound
        require(actor, Permission.MANAGE, drive)
        if quota_bytes != drive.quota_bytes:
            require_of_organization(actor, Permission.CREATE_DRIVE, "You may not change a quota; ask an administrator.")
            if quota_bytes is not None and quota_bytes < drive.used_bytes + drive.reserved_bytes:
                raise Conflict("The drive holds more than that, uploads under way included.", path=["quota"])
        drive.quota_bytes = quota_bytes
        if archived != drive.is_archived:
            drive.archived_at = now if archived else None
        drive.updated_at = now
        drive.save(update_fields=["quota_bytes", "archived_at", "updated_at"])
    return drive


def require_writable(drives: Iterable[Drive]) -> None:
    """Raise DriveReadOnly when one of the drives is archived. Reads, and rights, stay as they are."""
    if any(drive.is_archived for drive in drives):
        raise DriveReadOnly


def _check_quota(quota_bytes: int | None) -> None:
    if quota_bytes is not None and not 0 <= quota_bytes <= MAX_QUOTA:
        raise InvalidArgument("A quota is a number of bytes, 0 or more.", path=["quota"])


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
