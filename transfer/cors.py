"""Which web pages may use the byte plane from a browser (the Fetch standard's CORS protocol). Pure.

URLs carry their own proof, so no credentials are ever allowed across origins. Without configured origins nothing is
said, and browsers keep foreign pages out.
"""

from __future__ import annotations

from collections.abc import Collection

from transfer.asgi import RawHeader

_EXPOSED = (
    b"ETag, Repr-Digest, Content-Disposition, Content-Range, Accept-Ranges, Last-Modified, "
    b"Upload-Offset, Upload-Length, Upload-State, X-Request-Id"
)
_REQUEST_HEADERS = (
    b"Content-Type, Range, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, If-Range, "
    b"Content-Digest, Repr-Digest"
)
_PREFLIGHT_SECONDS = b"600"


class CrossOrigin:
    """The answer to "may this page read it" for a fixed set of origins, such as ``https://app.example.org``."""

    def __init__(self, allowed_origins: Collection[str]) -> None:
        self._allowed = frozenset(origin.rstrip("/").lower() for origin in allowed_origins)

    @property
    def resource_policy(self) -> bytes:
        """The value of Cross-Origin-Resource-Policy. An image element sends no Origin, so it is one for all."""
        return b"cross-origin" if self._allowed else b"same-site"

    def headers(self, origin: str | None) -> list[RawHeader]:
        """What goes on every answer to a request with this Origin header."""
        if not self._allowed:
            return []
        headers = [(b"vary", b"Origin")]
        if self._allows(origin):
            assert origin is not None
            headers.append((b"access-control-allow-origin", origin.encode("latin-1")))
            headers.append((b"access-control-expose-headers", _EXPOSED))
        return headers

    def preflight(self, origin: str | None, methods: bytes) -> list[RawHeader]:
        """What goes on the answer to OPTIONS beside ``headers``; ``methods`` as in Allow."""
        if not self._allows(origin):
            return []
        return [
            (b"access-control-allow-methods", methods),
            (b"access-control-allow-headers", _REQUEST_HEADERS),
            (b"access-control-max-age", _PREFLIGHT_SECONDS),
        ]

    def _allows(self, origin: str | None) -> bool:
        return origin is not None and origin.lower() in self._allowed
