"""``/healthz``: the process answers. ``/readyz``: it could serve a request now. Raw ASGI, JSON, nothing secret."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias

from storage.errors import BackendUnavailable

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

logger = logging.getLogger("filegraph.health")

PATHS = ("/healthz", "/readyz")

FRESH_SECONDS = 1.0
"""How long a result is shown again: anybody may ask, and a probe writes to disks."""


class Health:
    """Both pages. ``probes`` are synchronous functions by name that raise when their part does not work."""

    def __init__(
        self,
        run: Callable[[Callable[[], Any]], Awaitable[Any]],
        probes: Mapping[str, Callable[[], None]],
    ) -> None:
        self._run = run
        self._probes = probes
        self._parts: dict[str, dict[str, Any]] = {}
        self._probed_at = float("-inf")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET and HEAD: 200 when all is well, 503 when a part is not."""
        if scope["method"] not in ("GET", "HEAD"):
            await _respond(send, 405, {"status": "method not allowed"}, [(b"allow", b"GET, HEAD")])
            return
        if scope["path"] == "/healthz":
            await _respond(send, 200, {"status": "ok"})
            return
        if time.monotonic() - self._probed_at > FRESH_SECONDS:
            self._probed_at = time.monotonic()
            self._parts = await self._run(self._probe)
        parts = self._parts
        ready = bool(parts) and all(part["ok"] for part in parts.values())
        await _respond(send, 200 if ready else 503, {"status": "ok" if ready else "unavailable", "parts": parts})

    def _probe(self) -> dict[str, dict[str, Any]]:
        parts: dict[str, dict[str, Any]] = {}
        for name, probe in self._probes.items():
            begin = time.perf_counter()
            try:
                probe()
            except BackendUnavailable as error:
                # An outage that was expected to happen one day: a sentence, and no trace of our own code.
                logger.warning("The probe of %s failed: %s", name, error.reason or error.message)
                parts[name] = {"ok": False}
            except Exception:
                logger.exception("The probe of %s failed.", name)
                parts[name] = {"ok": False}
            else:
                parts[name] = {"ok": True, "milliseconds": round((time.perf_counter() - begin) * 1000, 1)}
        return parts


async def _respond(send: Send, status: int, content: Any, extra: list[tuple[bytes, bytes]] | None = None) -> None:
    body = json.dumps(content).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *(extra or []),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
