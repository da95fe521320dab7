"""How the bytes of an upload travel: a plan for each way. A row, a driver and a clock in, a plan out.

No I/O. The signing key and the longest life of a direct link are read from the settings; of the latter the upload knows
what it was when it was begun, and its links live no longer.
The plan follows from what the driver of the drive's backend can do; whoever asks has asked for permission.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from storage import addresses, conf, tokens
from storage.backends.base import StorageBackend
from storage.errors import BackendUnavailable
from storage.models import Upload
from storage.services.uploads import states


@dataclass(frozen=True, slots=True)
class SinglePut:
    """Send all bytes to the byte plane. ``path`` is below the service's public URL and holds a secret token."""

    path: str
    expires_at: datetime
    method: str = "PUT"
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/octet-stream"),)

    def url(self, origin: str) -> str:
        """Return the address; ``origin`` is the service's public URL without a slash at its end."""
        return origin + self.path


@dataclass(frozen=True, slots=True)
class PresignedPut:
    """Send all bytes to the store itself. The store refuses a request that differs from what was signed."""

    signed_url: str
    expires_at: datetime
    headers: tuple[tuple[str, str], ...]
    method: str = "PUT"

    def url(self, origin: str) -> str:
        """Return the address, which is the store's own."""
        return self.signed_url


@dataclass(frozen=True, slots=True)
class AlreadyThere:
    """Nothing to send: the bytes with this SHA-256 (hex) are in the store. Finalize is next."""

    sha256: str


Transport = SinglePut | PresignedPut | AlreadyThere
"""A plan: one of these values, told apart by their class."""


def transport_of(upload: Upload, driver: StorageBackend, *, now: datetime) -> Transport | None:
    """Return the plan for an upload in its present state; None when it ended without a file, or its time is over.

    ``driver`` is that of its drive's backend. No network: a plan is made for each upload of a page. Raises
    BackendUnavailable (a direct upload, and nothing to sign with).
    """
    if states.ending_of(upload) is not None or states.is_overdue(upload, now):
        return None
    if states.lacks_bytes(upload):
        if upload.direct:
            return _direct(upload, driver, now)
        return SinglePut(addresses.upload_path(tokens.sign_upload(upload.id, upload.expires_at)), upload.expires_at)
    return AlreadyThere(upload.received_sha256)


def _direct(upload: Upload, driver: StorageBackend, now: datetime) -> PresignedPut:
    assert upload.link_lifetime is not None
    longest = timedelta(seconds=min(upload.link_lifetime, conf.current().direct_upload_lifetime))
    life = min(longest, upload.expires_at - now)
    link = driver.presigned_put(
        states.key_of(upload, upload.drive),
        size=upload.declared_size,
        sha256=upload.declared_sha256,
        expires_in=int(life.total_seconds()),
        now=now,
    )
    if link is None:
        raise BackendUnavailable(reason="The store signs no links any more.")
    return PresignedPut(link.url, link.expires_at, tuple(link.headers.items()))
