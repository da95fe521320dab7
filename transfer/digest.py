"""A SHA-256 in the forms that HTTP headers want, and those that a client sends with a body. Pure."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode

from transfer.asgi import RawHeader
from transfer.errors import BadRequest

_MEMBER = re.compile(r"sha-256=:([A-Za-z0-9+/=]*):[ \t]*(;.*)?")
"""One member of a dictionary of structured fields (RFC 9651), as far as a digest has it: its value is bytes."""


def digest_headers(sha256: str) -> list[RawHeader]:
    """ETag (strong, RFC 9110 §8.8.3) and Repr-Digest (RFC 9530) of the representation with this hex SHA-256."""
    return [(b"etag", b'"%s"' % sha256.encode("ascii")), (b"repr-digest", repr_digest(sha256))]


def repr_digest(sha256: str) -> bytes:
    """The value of Repr-Digest."""
    return b"sha-256=:%s:" % b64encode(bytes.fromhex(sha256))


def told_digests(*fields: str | None) -> frozenset[str]:
    """Return each SHA-256 (hex) in the values of Content-Digest and Repr-Digest (RFC 9530); other algorithms are left.

    A body that is stored as it comes is both content and representation. Raises BadRequest for one that is no digest.
    """
    members = [member.strip(" \t") for field in fields if field for member in field.split(",")]
    return frozenset(_told(member) for member in members if re.match(r"sha-256(?![\w*.-])", member, re.IGNORECASE))


def _told(member: str) -> str:
    found = _MEMBER.fullmatch(member)
    try:
        if found is not None:
            return b64decode(found.group(1), validate=True).hex()
    except binascii.Error:
        pass
    raise BadRequest("A SHA-256 in Content-Digest or Repr-Digest is written as sha-256=:...:, in Base64.")
