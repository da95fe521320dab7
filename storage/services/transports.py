"""How the bytes of an upload travel: one PUT to the byte plane, or not at all.

Pure: a row and a clock in, a plan out. Presigned and multipart plans of other backends will stand here too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage import tokens
from storage.models import Upload, UploadState


@dataclass(frozen=True, slots=True)
class SinglePut:
    """Send all bytes in one request. ``path`` is below the service's public URL and holds a secret token."""

    path: str
    expires_at: datetime
    method: str = "PUT"
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/octet-stream"),)


@dataclass(frozen=True, slots=True)
class AlreadyThere:
    """Nothing to send: the bytes with this SHA-256 (hex) are in the store. Finalize is next."""

    sha256: str


def transport_of(upload: Upload) -> SinglePut | AlreadyThere | None:
    """Return the plan for an upload in its present state; None when it ended without a file."""
    if upload.state in (UploadState.OPEN, UploadState.RECEIVING):
        return SinglePut(f"/u/{tokens.sign_upload(upload.id, upload.expires_at)}", upload.expires_at)
    if upload.state in (UploadState.VERIFYING, UploadState.READY):
        return AlreadyThere(upload.received_sha256)
    return None
