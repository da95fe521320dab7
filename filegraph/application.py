"""The composed ASGI application: which part answers which path, and what lives as long as the process.

Import it once Django is set up (``filegraph.asgi`` does). What the parts do is their own business.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeAlias

from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.handlers.asgi import ASGIHandler
from django.http.request import split_domain_port, validate_host

from filegraph import health, probes
from filegraph.background import Background, Chore
from filegraph.chores import chores
from filegraph.database_threads import DatabaseThreads
from schema.http import EndpointSettings, GraphQLEndpoint
from transfer import conf as transfer_conf
from transfer.app import TransferApp

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[Any], Awaitable[None]]
App: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]


def utc_now() -> datetime:
    """Return the time, aware, in UTC: the one place where the server reads its clock."""
    return datetime.now(UTC)


class Application:
    """Routes by path, refuses foreign Host headers, and starts and stops what the parts share."""

    def __init__(self, *, threads: DatabaseThreads, background: Sequence[Chore] = ()) -> None:
        self._threads = threads
        self._background = Background(threads.run, background, clock=utc_now)
        self._health = health.Health(threads.run, probes.ALL)
        self._graphql: App = GraphQLEndpoint(threads.run, utc_now, _endpoint_settings())
        self._transfer = TransferApp(run=threads.run, clock=utc_now, settings=transfer_conf.from_django(settings))
        # Django's own files (the admin pages' CSS) come straight from the installed packages: nothing to collect.
        self._django: App = ASGIStaticFilesHandler(ASGIHandler())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection of scope type ``lifespan`` or ``http``; there are no websockets."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._route(scope["path"], scope)(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    def _route(self, path: str, scope: Scope) -> App:
        if path in health.PATHS:
            return self._health
        if not _host_is_ours(_host(scope)):
            return _refuse_host
        if path.startswith(("/u/", "/d/")):
            return self._transfer
        if path == "/graphql" or path.startswith("/graphql/"):
            return self._graphql
        return self._django

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._background.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._background.stop()
                self._transfer.close()
                self._threads.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def build() -> Application:
    """Return the application of this process's settings."""
    return Application(threads=DatabaseThreads(settings.FILEGRAPH_DATABASE_THREADS), background=chores())


def _endpoint_settings() -> EndpointSettings:
    return EndpointSettings(
        origin=settings.FILEGRAPH_PUBLIC_URL or None,
        allowed_origins=frozenset(settings.FILEGRAPH_ALLOWED_ORIGINS),
        secure_cookies=settings.SESSION_COOKIE_SECURE,
    )


def _host(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"host":
            return bytes(value)
    return b""


@lru_cache(maxsize=256)
def _host_is_ours(host: bytes) -> bool:
    """Return whether the Host header names us. Addresses in our answers are made of it, and a page on another site
    that points its own name at our loopback address must reach nothing.
    """
    domain, _ = split_domain_port(host.decode("latin-1"))
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


async def _refuse_host(scope: Scope, receive: Receive, send: Send) -> None:
    message = "This Host is not served here. The operator can add it to FILEGRAPH_ALLOWED_HOSTS."
    body = json.dumps({"error": {"code": "UNKNOWN_HOST", "message": message, "retryable": False}}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": body})
