"""The composed ASGI application: which part answers which path, and what lives as long as the process.

Import it once Django is set up (``filegraph.asgi`` does). What the parts do is their own business.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, TypeVar

from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.utils.module_loading import import_string

from authz.services.active_model import pinned
from filegraph import health, probes
from filegraph.background import Background, Chore
from filegraph.bodies import App, CloseUnread, Receive, Scope, Send
from filegraph.chores import chores
from filegraph.database_threads import DatabaseThreads
from filegraph.django_pages import DjangoPages
from filegraph.refusals import SEVERAL_HOSTS, UNKNOWN_HOST, Refusal
from schema.cookies import SessionCookie
from schema.http import GRAPHQL_PATHS, EndpointSettings, GraphQLEndpoint
from storage import addresses
from transfer import conf as transfer_conf
from transfer.app import TransferApp

if TYPE_CHECKING:
    from filegraph.metrics import MetricsPage

T = TypeVar("T")

_BYTE_PLANE = object()
"""Who asks when bytes are moved, to the line of the database threads."""


def utc_now() -> datetime:
    """Return the time, aware, in UTC: the clock of GraphQL, the byte plane and the chores, handed down from here."""
    return datetime.now(UTC)


class Application:
    """Routes by path, refuses foreign Host headers, and starts and stops what the parts share."""

    def __init__(self, *, threads: DatabaseThreads, background: Sequence[Chore] = ()) -> None:
        self._threads = threads
        self._background = Background(self._run, background, clock=utc_now)
        self._health = health.Health(self._run, probes.ALL)
        self._graphql: App = GraphQLEndpoint(self._run, utc_now, _endpoint_settings(threads.share))
        self._transfer = TransferApp(
            run=self._run_for_bytes, clock=utc_now, settings=transfer_conf.from_django(settings)
        )
        self._django: App = DjangoPages()
        self._metrics = _metrics_page(threads)
        self._requests: App = CloseUnread(self._answer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection of scope type ``lifespan`` or ``http``; there are no websockets."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            # The byte plane ends the connection of a refused upload itself.
            upload = scope["method"] == "PUT" and scope["path"].startswith(addresses.UPLOADS)
            await (self._answer if upload else self._requests)(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path in health.PATHS:
            await self._health(scope, receive, send)
        elif self._metrics is not None and self._metrics.admits(scope):
            await self._metrics(scope, receive, send)
        elif (refusal := _judge_host(scope)) is not None:
            await refusal.answer(send)
        else:
            await self._route(path)(scope, receive, send)

    def _route(self, path: str) -> App:
        if path.startswith(addresses.BYTE_PLANE):
            return self._transfer
        if path in GRAPHQL_PATHS:
            return self._graphql
        return self._django

    def _run(self, work: Callable[[], T], /, *, asker: Hashable | None = None) -> Awaitable[T]:
        """Run work in a database thread; one authorization model answers all that it asks."""
        return self._threads.run(partial(_by_one_model, work), asker=asker)

    def _run_for_bytes(self, work: Callable[[], T], /) -> Awaitable[T]:
        """Run work of the byte plane. Some of it waits for a store: all together it has half of the threads at most."""
        return self._run(work, asker=_BYTE_PLANE)

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


def _by_one_model(work: Callable[[], T]) -> T:
    with pinned():
        return work()


def build() -> Application:
    """Return the application of this process's settings."""
    return Application(threads=DatabaseThreads(settings.FILEGRAPH_DATABASE_THREADS), background=chores())


def _metrics_page(threads: DatabaseThreads) -> MetricsPage | None:
    """Return the page if a setting asks for it; its library is imported only then."""
    if not settings.FILEGRAPH_METRICS:
        return None
    page: MetricsPage = import_string("filegraph.metrics.MetricsPage")(
        threads.run, settings.FILEGRAPH_METRICS, clock=utc_now
    )
    return page


def _endpoint_settings(turns: int) -> EndpointSettings:
    return EndpointSettings(
        origin=settings.FILEGRAPH_PUBLIC_URL or None,
        allowed_origins=frozenset(settings.FILEGRAPH_ALLOWED_ORIGINS),
        # Whatever one person asks for, others find threads.
        turns=turns,
        cookie=SessionCookie(
            name=settings.SESSION_COOKIE_NAME,
            max_age=settings.SESSION_COOKIE_AGE,
            secure=settings.SESSION_COOKIE_SECURE,
        ),
    )


def _judge_host(scope: Scope) -> Refusal | None:
    """Return why the request's Host is refused. Two of them are: each reader might pick another."""
    hosts = [bytes(value) for name, value in scope["headers"] if name == b"host"]
    if len(hosts) > 1:
        return SEVERAL_HOSTS
    return None if hosts and _host_is_ours(hosts[0]) else UNKNOWN_HOST


@lru_cache(maxsize=256)
def _host_is_ours(host: bytes) -> bool:
    """Return whether the Host header names us. Addresses in our answers are made of it, and a page on another site
    that points its own name at our loopback address must reach nothing.
    """
    domain, _ = split_domain_port(host.decode("latin-1"))
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)
