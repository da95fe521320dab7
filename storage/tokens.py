"""Signed texts that travel through a client's hands: upload URLs, download URLs, cursors.

A token is base64url of ``tag | payload``: 16 bytes of HMAC-SHA256 (RFC 2104; truncated to 128 bits as its section 5
allows) and the payload in plain. Each purpose has its own key, derived from ``SECRET_KEY``, so that a token of one kind
is never valid as another; ``SECRET_KEY_FALLBACKS`` still verify. A token proves where it came from, never that its
bearer may do something now: services ask again.
"""

from __future__ import annotations

import binascii
import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

from django.conf import settings

from authz.identifiers import LENGTH
from storage.errors import InvalidToken, TokenExpired

_TAG = 16
_MAX_TOKEN = 8192
"""Characters; a cursor of the longest name has 4,200."""
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_+/", b"+/\x00\x00")


class Purpose(StrEnum):
    """What a token is for."""

    UPLOAD = "upload"
    DOWNLOAD = "download"
    CURSOR = "cursor"


def sign(purpose: Purpose, payload: bytes) -> str:
    """Return a token of ``purpose`` around ``payload`` (readable by its bearer, not changeable)."""
    tag = hmac.digest(_keys(purpose)[0], payload, "sha256")[:_TAG]
    return _encode(tag + payload)


def unsign(purpose: Purpose, token: str) -> bytes:
    """Return the payload of a token made by ``sign`` with the same purpose; raises InvalidToken for anything else."""
    raw = _decode(token)
    tag, payload = raw[:_TAG], raw[_TAG:]
    for key in _keys(purpose):
        if hmac.compare_digest(tag, hmac.digest(key, payload, "sha256")[:_TAG]):
            return payload
    raise InvalidToken


@dataclass(frozen=True, slots=True)
class DownloadClaim:
    """What a download link says: who asked, for which version of which file, and how it is to be shown.

    ``actor`` is told because permission is asked again, for her, when the link is used. ``expires`` is seconds since
    1970 (UTC).
    """

    actor: str
    file_id: str
    version_id: str
    inline: bool
    expires: int


_UPLOAD = struct.Struct(f">I{LENGTH}s")
_DOWNLOAD = struct.Struct(f">I?{LENGTH}s{LENGTH}s")


def sign_upload(upload_id: str, expires_at: datetime) -> str:
    """Return the token of an upload URL; it is valid up to and including the second of ``expires_at``."""
    return sign(Purpose.UPLOAD, _UPLOAD.pack(int(expires_at.timestamp()), upload_id.encode("ascii")))


def read_upload(token: str, *, now: datetime) -> str:
    """Return the upload id of a token by ``sign_upload``; raises InvalidToken, TokenExpired."""
    payload = unsign(Purpose.UPLOAD, token)
    if len(payload) != _UPLOAD.size:
        raise InvalidToken
    expires, upload_id = _UPLOAD.unpack(payload)
    _refuse_expired(expires, now)
    return str(upload_id, "ascii")


def sign_download(claim: DownloadClaim) -> str:
    """Return the token of a download URL."""
    head = _DOWNLOAD.pack(claim.expires, claim.inline, claim.file_id.encode("ascii"), claim.version_id.encode("ascii"))
    return sign(Purpose.DOWNLOAD, head + claim.actor.encode())


def read_download(token: str, *, now: datetime) -> DownloadClaim:
    """Return what a token by ``sign_download`` says; raises InvalidToken, TokenExpired."""
    payload = unsign(Purpose.DOWNLOAD, token)
    if len(payload) <= _DOWNLOAD.size:
        raise InvalidToken
    expires, inline, file_id, version_id = _DOWNLOAD.unpack_from(payload)
    _refuse_expired(expires, now)
    actor = payload[_DOWNLOAD.size :].decode()
    return DownloadClaim(actor, str(file_id, "ascii"), str(version_id, "ascii"), inline, expires)


def expiry_of(expires: int) -> datetime:
    """Return the moment that ``DownloadClaim.expires`` means."""
    return datetime.fromtimestamp(expires, UTC)


def _refuse_expired(expires: int, now: datetime) -> None:
    if now.timestamp() >= expires + 1:
        raise TokenExpired


def _keys(purpose: Purpose) -> Sequence[bytes]:
    return _derived(purpose, settings.SECRET_KEY, tuple(settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=16)
def _derived(purpose: Purpose, secret: str | bytes, fallbacks: tuple[str | bytes, ...]) -> tuple[bytes, ...]:
    info = f"filegraph.storage.tokens/1/{purpose}".encode()
    return tuple(hmac.digest(s.encode() if isinstance(s, str) else s, info, "sha256") for s in (secret, *fallbacks))


def _encode(raw: bytes) -> str:
    return str(binascii.b2a_base64(raw, newline=False).translate(_TO_URL).rstrip(b"="), "ascii")


def _decode(token: str) -> bytes:
    if len(token) > _MAX_TOKEN or not token.isascii():
        raise InvalidToken
    text = token.encode("ascii").translate(_FROM_URL)
    try:
        raw = binascii.a2b_base64(text + b"=" * (-len(text) % 4), strict_mode=True)
    except binascii.Error:
        raise InvalidToken from None
    # The last character may carry bits that decoding drops: one text for one token, so that nothing can be varied.
    if len(raw) < _TAG or _encode(raw) != token:
        raise InvalidToken
    return raw
