"""A SHA-256 in the forms that HTTP headers want. Pure."""

from __future__ import annotations

from base64 import b64encode

from transfer.asgi import RawHeader


def digest_headers(sha256: str) -> list[RawHeader]:
    """ETag (strong, RFC 9110 §8.8.3) and Repr-Digest (RFC 9530) of the representation with this hex SHA-256."""
    return [(b"etag", b'"%s"' % sha256.encode("ascii")), (b"repr-digest", repr_digest(sha256))]


def repr_digest(sha256: str) -> bytes:
    """The value of Repr-Digest."""
    return b"sha-256=:%s:" % b64encode(bytes.fromhex(sha256))
