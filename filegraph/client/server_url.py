"""The address of a server, as people paste it. No requests are made here."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit, urlunsplit

from filegraph.client.errors import ServerUnreachable

_PAGES = ("/graphql", "/admin")
"""What people copy from a browser or from a front end's settings; neither is part of the server's address."""


def is_loopback(url: str) -> bool:
    """Whether ``url`` points at this machine by name or number."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def server_url(text: str) -> str:
    """The server's address in ``text``: without ``/graphql``, ``/admin``, trailing slashes, query and fragment.

    Raises ``ServerUnreachable`` when it is no http(s) address.
    """
    try:
        parts = urlsplit(text.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise ServerUnreachable(
            f"{text!r} is not the address of a server; write for example https://files.example.org."
        )
    path = parts.path.rstrip("/")
    for page in _PAGES:
        path = path.removesuffix(page).rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))
