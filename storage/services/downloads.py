"""Downloads: links that say who may read what until when, and the bytes behind them.

A link proves nothing but where it came from: permission is asked again, for the actor it names, when it is used.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote

from authz.types import Actor
from storage import conf, content, permissions, registry, tokens
from storage.backends.base import ObjectReader
from storage.errors import BackendUnavailable, InvalidArgument, NotFound
from storage.models import FileVersion, Item
from storage.permissions import Permission
from storage.selectors import uploads as select
from storage.selectors.actors import is_active

logger = logging.getLogger("filegraph.storage")


class Disposition(StrEnum):
    """How a browser is to treat a download. INLINE is granted to inert types only."""

    ATTACHMENT = "attachment"
    INLINE = "inline"


@dataclass(frozen=True, slots=True)
class DownloadLink:
    """A path below the service's public URL, good until ``expires_at``; the name at its end is for people only."""

    path: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OpenDownload:
    """Bytes ready to be sent; the caller closes ``reader``. ``sha256`` (hex) is a strong validator, ``size`` bytes."""

    reader: ObjectReader
    size: int
    sha256: str
    name: str
    content_type: str
    inline: bool
    modified: datetime


def link(
    actor: Actor,
    file: Item,
    *,
    disposition: Disposition = Disposition.ATTACHMENT,
    expires_in: int | None = None,
    now: datetime,
) -> DownloadLink:
    """Return a link to the current version of ``file``. Pure: no permission is asked and no row is read here.

    ``expires_in`` is in seconds; None is the operator's ``download_lifetime``, and more than ``download_lifetime_max``
    is cut to that: ``expires_at`` tells. Raises InvalidArgument (less than 1 second), NotFound (not a file).
    """
    settings = conf.current()
    wanted = settings.download_lifetime if expires_in is None else expires_in
    if wanted < 1:
        raise InvalidArgument("A download link lives 1 second or longer.")
    seconds = min(wanted, settings.download_lifetime_max)
    if file.current_version_id is None:
        raise NotFound
    expires = int(now.timestamp()) + seconds
    claim = tokens.DownloadClaim(actor, file.id, file.current_version_id, disposition is Disposition.INLINE, expires)
    return DownloadLink(f"/d/{tokens.sign_download(claim)}/{quote(file.name, safe='')}", tokens.expiry_of(expires))


def open(token: str, *, now: datetime) -> OpenDownload:
    """Open what a link points to, after asking again whether its actor may download it.

    Raises InvalidToken, TokenExpired, NotFound (gone, in the trash, closed to her, or the version is purged; or her
    account is gone or deactivated), PermissionDenied (she may see it and no more), BackendUnavailable.
    """
    claim = tokens.read_download(token, now=now)
    actor = Actor(claim.actor)
    if not is_active(actor):
        raise NotFound
    version = select.version(claim.version_id, claim.file_id)
    if version is None:
        raise NotFound
    permissions.require(actor, Permission.DOWNLOAD, version.file)
    return OpenDownload(
        _reader(version),
        version.blob.size,
        version.blob.sha256,
        version.file.name,
        version.content_type,
        claim.inline and content.may_inline(version.content_type),
        version.created_at,
    )


def _reader(version: FileVersion) -> ObjectReader:
    blob = version.blob
    try:
        reader = registry.backend_for(blob.backend).open_reader(blob.key)
    except FileNotFoundError:
        # A file without its bytes: the one thing that must never be. Loud in the log, retryable for the client.
        logger.error("bytes of blob %s are missing from backend %s", blob.id, blob.backend_id)
        raise BackendUnavailable from None
    if reader.size != blob.size:
        reader.close()
        logger.error("bytes of blob %s have another size in backend %s", blob.id, blob.backend_id)
        raise BackendUnavailable
    return reader
