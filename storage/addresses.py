"""The addresses of the byte plane: paths below the service's public URL that carry a token. No host, no query."""

from __future__ import annotations

from urllib.parse import quote

UPLOADS = "/u/"
DOWNLOADS = "/d/"
BYTE_PLANE = (UPLOADS, DOWNLOADS)
"""What a path of the byte plane begins with."""


def upload_path(token: str) -> str:
    """Return where the bytes of an upload are sent."""
    return UPLOADS + token


def download_path(token: str, name: str) -> str:
    """Return where a file is read. The name at the end is for people and what they save it as; it means nothing."""
    return f"{DOWNLOADS}{token}/{quote(name, safe='')}"
