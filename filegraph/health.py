"""``/healthz``: the process answers. ``/readyz``: it could serve a request now. Raw ASGI, JSON, nothing secret."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

from authz.errors import AuthorizationUnavailable
from filegraph.bodies import Receive, Scope, Send
from filegraph.probes import Probe
from storage.errors import BackendUnavailable
from storage.outages import outage_of

Parts: TypeAlias = dict[str, dict[str, Any]]

logger = logging.getLogger("filegraph.health")

PATHS = ("/healthz", "/readyz")

SECONDS = 2.0
"""All parts are asked at once and have so long to answer: whoever watches us does not wait for the slowest."""
FRESH_SECONDS = 1.0
"""How long a result is shown again: anybody may ask, and a probe writes to disks."""


class Health:
    """Both pages. Of each part one probe runs at a time, in a thread that ``run`` has for it."""

    def __init__(
        self,
        run: Callable[[Callable[[], Any]], Awaitable[Any]],
        probes: Mapping[str, Probe],
        *,
        seconds: float = SECONDS,
    ) -> None:
        self._run = run
        self._probes = probes
        self._seconds = seconds
        self._under_way: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._round: asyncio.Task[Parts] | None = None
        self._fresh_until = float("-inf")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET and HEAD: 200 when all is well, 503 when a part is not."""
        if scope["method"] not in ("GET", "HEAD"):
            await _respond(send, 405, {"status": "method not allowed"}, [(b"allow", b"GET, HEAD")])
            return
        if scope["path"] == "/healthz":
            await _respond(send, 200, {"status": "ok"})
            return
        if self._round is None or (self._round.done() and time.monotonic() > self._fresh_until):
            self._round = asyncio.create_task(self._ask_all())
        # Others wait for the same round: who hangs up does not end it.
        parts = await asyncio.shield(self._round)
        ready = all(part["ok"] for part in parts.values())
        await _respond(send, 200 if ready else 503, {"status": "ok" if ready else "unavailable", "parts": parts})

    async def _ask_all(self) -> Parts:
        for name, probe in self._probes.items():
            # One that still waits for a part that is away is waited for again, and not doubled.
            if name not in self._under_way or self._under_way[name].done():
                self._under_way[name] = asyncio.ensure_future(self._run(partial(_told, name, probe)))
        done, _ = await asyncio.wait(self._under_way.values(), timeout=self._seconds)
        parts: Parts = {
            name: _of(future) if future in done else {"ok": False} for name, future in self._under_way.items()
        }
        for name, part in parts.items():
            needs = self._probes[name].needs
            if needs and not part["ok"] and not parts[needs]["ok"]:
                # Of itself nothing is known.
                part["needs"] = needs
        self._fresh_until = time.monotonic() + FRESH_SECONDS
        return parts


def _of(done: asyncio.Future[dict[str, Any]]) -> dict[str, Any]:
    # Where there are no threads any more, nothing was asked.
    return {"ok": False} if done.cancelled() or done.exception() else done.result()


def _told(name: str, probe: Probe) -> dict[str, Any]:
    """Ask one part; the log has the reason why it does not work."""
    begin = time.perf_counter()
    try:
        probe.ask()
    except Exception as error:
        reason = _outage(error)
        # One that was expected to happen one day is a sentence; what was not has its traceback.
        logger.warning("The probe of %s failed: %s", name, reason or "unexpectedly", exc_info=None if reason else error)
        return {"ok": False}
    return {"ok": True, "milliseconds": round((time.perf_counter() - begin) * 1000, 1)}


def _outage(error: Exception) -> str:
    """Return what happened in a sentence, where a part is away; else nothing."""
    if isinstance(error, BackendUnavailable):
        return error.reason or error.message
    if isinstance(error, AuthorizationUnavailable):
        return str(error)
    outage = outage_of(error)
    return outage.message if outage is not None else ""


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
