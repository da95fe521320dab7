"""``/metrics``: what is measured, in Prometheus' text format. Raw ASGI, imported only where a setting asks for it.

Not for the public: it answers clients of the networks that the setting names, and nobody whose request a proxy has
passed on. To all others there is no such page.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from authz.services import metrics
from filegraph.bodies import Receive, Scope, Send

PATH = "/metrics"
_PASSED_ON = (b"x-forwarded-for", b"forwarded", b"via")


class MetricsPage:
    """The page. ``networks`` are addresses and networks as text; ``run`` runs work in a thread with a database."""

    def __init__(
        self,
        run: Callable[[Callable[[], Any]], Awaitable[Any]],
        networks: Sequence[str],
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._run = run
        self._networks = [ipaddress.ip_network(each, strict=False) for each in networks]
        self._clock = clock

    def admits(self, scope: Scope) -> bool:
        """Tell whether the page is there for this request."""
        if scope["path"] != PATH or any(name in _PASSED_ON for name, _ in scope["headers"]):
            return False
        try:
            address = ipaddress.ip_address((scope.get("client") or ("",))[0])
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET and HEAD of an admitted request; 405 else."""
        if scope["method"] not in ("GET", "HEAD"):
            await _respond(send, 405, b"", "text/plain", (b"allow", b"GET, HEAD"))
            return
        body = await self._run(partial(_shown, self._clock()))
        await _respond(send, 200, body, CONTENT_TYPE_LATEST)


def _shown(now: datetime) -> bytes:
    metrics.refresh(now=now)
    return generate_latest(REGISTRY)


async def _respond(send: Send, status: int, body: bytes, kind: str, *extra: tuple[bytes, bytes]) -> None:
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *extra,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
