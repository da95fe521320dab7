"""Which foreign pages may read our answers: the headers of the Fetch standard's CORS protocol, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping

_SENT = b"authorization, content-type, x-csrftoken"


def cors_headers(
    headers: Mapping[bytes, bytes], allowed_origins: Collection[str], *, preflight: bool = False
) -> list[tuple[bytes, bytes]]:
    """Return what the answer to a request with these headers tells a browser; nothing unless its origin is listed."""
    origin = headers.get(b"origin")
    if origin is None or origin.decode("latin-1") not in allowed_origins:
        return []
    found = [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]
    if preflight:
        found += [
            (b"access-control-allow-methods", b"POST"),
            (b"access-control-allow-headers", _SENT),
            (b"access-control-max-age", b"600"),
        ]
    return found
