"""Downloads: links that say who may read what until when, and the bytes behind them.

A link proves nothing but where it came from: permission is asked again, for the actor it names, when it is used.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from authz.types import Actor
from storage import addresses, conf, content, permissions, registry, tokens
from storage.backends.base import ObjectReader
from storage.disposition import content_disposition
from storage.errors import BackendUnavailable, InvalidArgument, NotFound
from storage.models import FileVersion, Item, StoredObject
from storage.permissions import Permission
from storage.selectors.actors import is_active
from storage.selectors.versions import version as load_version

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

    def url(self, origin: str) -> str:
        """Return the address; ``origin`` is the service's public URL without a slash at its end."""
        return origin + self.path


@dataclass(frozen=True, slots=True)
class DirectLink:
    """The store's own address, good until ``expires_at``: nobody is asked when it is used, and nobody takes it back."""

    signed_url: str
    expires_at: datetime

    def url(self, origin: str) -> str:
        """Return the address, which is the store's own."""
        return self.signed_url


@dataclass(frozen=True, slots=True)
class OpenDownload:
    """Bytes ready to be sent; the caller closes ``reader``. ``sha256`` (hex) is a strong validator, ``size`` bytes."""

    file_id: str
    blob_id: str
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
) -> DownloadLink | DirectLink:
    """Return a link to the current version of ``file``. No permission is asked, no row is read, nobody is called.

    ``file.stored`` says where its bytes are; where a client may fetch them herself, the link is the store's, and
    without it the link is ours. ``expires_in`` is in seconds; None is the operator's ``download_lifetime``, and more
    than ``download_lifetime_max`` (for the store's own, ``direct_download_lifetime``; 0: none of those) is cut to that:
    ``expires_at`` tells. Raises InvalidArgument (less than 1 second), NotFound (not a file).
    """
    settings = conf.current()
    wanted = settings.download_lifetime if expires_in is None else expires_in
    if wanted < 1:
        raise InvalidArgument("A download link lives 1 second or longer.")
    seconds = min(wanted, settings.download_lifetime_max)
    if file.current_version_id is None:
        raise NotFound
    if file.stored is not None and settings.direct_download_lifetime:
        direct = _direct(file, file.stored, disposition, min(seconds, settings.direct_download_lifetime), now)
        if direct is not None:
            return direct
    expires = int(now.timestamp()) + seconds
    claim = tokens.DownloadClaim(actor, file.id, file.current_version_id, disposition is Disposition.INLINE, expires)
    return DownloadLink(addresses.download_path(tokens.sign_download(claim), file.name), tokens.expiry_of(expires))


def open(token: str, *, now: datetime) -> OpenDownload:
    """Open what a link points to, after asking again whether its actor may download it.

    Raises InvalidToken, TokenExpired, NotFound (gone, in the trash, closed to her, or the version is purged; or her
    account is gone or deactivated), PermissionDenied (she may see it and no more), BackendUnavailable.
    """
    claim = tokens.read_download(token, now=now)
    actor = Actor(claim.actor)
    if not is_active(actor):
        raise NotFound
    version = load_version(claim.version_id, claim.file_id)
    if version is None:
        raise NotFound
    permissions.require(actor, Permission.DOWNLOAD, version.file)
    return OpenDownload(
        version.file_id,
        version.blob_id,
        _reader(version),
        version.blob.size,
        version.blob.sha256,
        version.file.name,
        version.content_type,
        claim.inline and content.may_inline(version.content_type),
        version.created_at,
    )


def _direct(
    file: Item, stored: StoredObject, disposition: Disposition, seconds: int, now: datetime
) -> DirectLink | None:
    """Return the store's own link; None where there is none, or just now nothing to sign it with."""
    driver = registry.find_by_id(stored.backend_id)
    if driver is None or not driver.supports_presigned_get:
        return None
    content_type = file.content_type or content.UNKNOWN
    inline = disposition is Disposition.INLINE and content.may_inline(content_type)
    try:
        found = driver.presigned_get(
            stored.key,
            expires_in=seconds,
            now=now,
            content_type=content_type,
            disposition=content_disposition(file.name, inline=inline),
        )
    except BackendUnavailable:
        return None
    return DirectLink(found.url, found.expires_at) if found is not None else None


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
