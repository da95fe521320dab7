"""The door: GraphQL over HTTP as a raw ASGI endpoint.

Reads the request, finds out who asks, hands the operation to a worker thread in one hop, and answers in JSON. What an
operation means is ``schema.execution``'s business.

The rules are those of the GraphQL-over-HTTP draft: POST of JSON in UTF-8; ``application/graphql-response+json``
answers a document that cannot be run with 400, the older ``application/json`` with 200. GET runs nothing: a link on a
foreign page must never act for whoever follows it. For the same reason only a JSON content type is read (a form
cannot send one without asking first), and a request that relies on a session cookie must carry that session's token
in ``X-CSRFToken``.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Hashable, Iterable, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeAlias, TypeVar

import orjson

from accounts.csrf import csrf_token_is_valid
from accounts.errors import CsrfFailed, Unauthenticated
from accounts.networks import network
from accounts.services.door import identify
from authz.services.visibility import moment
from schema.context import Context
from schema.cookies import SessionCookie
from schema.cors import cors_headers
from schema.errors import INTERNAL_ERROR, is_outage
from schema.execution import Operation, execute
from schema.export import sdl
from schema.negotiation import LEGACY, MODERN, acceptable, check_content_type
from schema.refusals import Refusal, error_body
from schema.turns import NoTurnLeft, Turns
from storage.outages import outage_of

T = TypeVar("T")
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers: TypeAlias = dict[bytes, bytes]


class Run(Protocol):
    """Takes a function to one of the long-lived database threads; those of one ``asker`` are few at a time."""

    def __call__(self, work: Callable[[], T], /, *, asker: Hashable | None = None) -> Awaitable[T]:
        """Return what ``work`` returns; raise what it raises."""


logger = logging.getLogger("filegraph.schema")

GRAPHQL_PATH = "/graphql"
SCHEMA_PATH = "/graphql/schema.graphql"
GRAPHQL_PATHS = (GRAPHQL_PATH, SCHEMA_PATH)
"""What the endpoint answers for, to the letter: an operation that runs elsewhere escapes a proxy's rules."""


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """What an operator decides. ``body_limit`` in bytes, ``body_seconds`` until the whole body must be here.

    ``origin`` is the public base address, such as ``https://files.example``; None takes it from each request.
    ``allowed_origins`` may send cross-origin requests with bearer tokens and, when listed, with the session cookie.
    ``turns``: how many operations of one person (or one visitor's address) run at a time; more of hers wait.
    """

    origin: str | None = None
    allowed_origins: frozenset[str] = frozenset()
    body_limit: int = 1024 * 1024
    body_seconds: float = 20.0
    turns: int = 2
    cookie: SessionCookie = field(default_factory=SessionCookie)


class GraphQLEndpoint:
    """The ASGI application for ``/graphql`` and ``/graphql/schema.graphql``.

    ``run`` executes a callable in one of the long-lived database threads, ``clock`` returns the time in UTC.
    """

    def __init__(self, run: Run, clock: Callable[[], datetime], settings: EndpointSettings | None = None) -> None:
        self._run = run
        self._clock = clock
        self._settings = settings or EndpointSettings()
        self._turns = Turns(self._settings.turns)
        self._sdl = sdl().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers: Headers = dict(scope["headers"])
        request_id = secrets.token_hex(8)
        media_type = LEGACY
        try:
            if scope["path"] == SCHEMA_PATH:
                await self._schema(scope, send, headers)
                return
            if scope["path"] != GRAPHQL_PATH:
                raise Refusal(404, "NOT_FOUND", "There is nothing at this address.")
            if scope["method"] == "OPTIONS":
                allowed = [(b"allow", b"POST, OPTIONS"), *self._cors(headers, preflight=True)]
                await _respond(send, 204, b"", LEGACY, allowed)
                return
            if scope["method"] != "POST":
                raise Refusal(405, "METHOD_NOT_ALLOWED", "Send a POST.", [(b"allow", b"POST, OPTIONS")])
            media_type = acceptable(headers)
            operation = _operation(await self._timed_body(headers, receive))
            context = self._context(scope, headers, request_id)
            status, body = await self._in_turn(context, headers, operation, media_type)
            extra = [] if context.session_cookie is None else [self._settings.cookie.header(context.session_cookie)]
        except Refusal as refusal:
            status, extra = refusal.status, list(refusal.headers)
            body = error_body(refusal.message, refusal.code, request_id, retryable=refusal.retryable)
        except Exception as error:
            status, extra = 503 if outage_of(error) else 500, []
            body = _failure(error, request_id)
        await _respond(send, status, body, media_type, [*extra, *self._cors(headers)])

    async def _in_turn(
        self, context: Context, headers: Headers, operation: Operation, media_type: str
    ) -> tuple[int, bytes]:
        """Run in one hop, or in two for somebody of whom as much runs already as may, under several credentials."""
        try:
            status, body = await self._run(
                lambda: self._answer(context, headers, operation, media_type, None), asker=_asker(headers, context)
            )
        except NoTurnLeft as none:
            who = none.who
            await self._turns.wait(who)
            status, body = await self._run(lambda: self._answer(context, headers, operation, media_type, who))
        return status, body

    def _answer(
        self, context: Context, headers: Headers, operation: Operation, media_type: str, turn: str | None
    ) -> tuple[int, bytes]:
        """Run in a database thread: find out who asks, execute, and write the JSON.

        ``turn`` is whose turn was waited for; it is given back here. Raises NoTurnLeft.
        """
        try:
            # From the door on: with whose request it is, it is read which model answers it.
            with moment():
                self._identify(context, headers)
                if turn is None:
                    who = context.actor if context.user_id is not None else network(context.address)
                    self._turns.take(who)
                    turn = who
                result = execute(operation, context)
        finally:
            if turn is not None:
                self._turns.give_back(turn)
        status = 400 if "data" not in result and media_type == MODERN else 200
        return 503 if is_outage(result) else status, _written(result)

    def _identify(self, context: Context, headers: Headers) -> None:
        try:
            principal = identify(_for_the_door(headers), now=context.now)
        except Unauthenticated as error:
            challenge = [(b"www-authenticate", b'Bearer realm="filegraph"')]
            raise Refusal(401, error.code, error.message, challenge) from None
        if principal.session_key is not None:
            self._check_csrf(headers, context, principal.session_key)
        context.become(principal)

    def _check_csrf(self, headers: Headers, context: Context, session_key: str) -> None:
        origin = headers.get(b"origin")
        if origin is not None:
            text = origin.decode("latin-1")
            if text != context.origin and text not in self._settings.allowed_origins:
                raise Refusal(403, CsrfFailed.code, "This origin may not use the session cookie.")
        sent = headers.get(b"x-csrftoken", b"").decode("latin-1")
        if not csrf_token_is_valid(session_key, sent):
            raise Refusal(403, CsrfFailed.code, CsrfFailed.default_message)

    def _context(self, scope: Scope, headers: Headers, request_id: str) -> Context:
        client = scope.get("client")
        origin = (
            self._settings.origin
            or f"{scope.get('scheme', 'http')}://{headers.get(b'host', b'localhost').decode('latin-1')}"
        )
        return Context(
            now=self._clock(),
            origin=origin.rstrip("/"),
            request_id=request_id,
            address=client[0] if client else "",
        )

    def _cors(self, headers: Headers, *, preflight: bool = False) -> list[tuple[bytes, bytes]]:
        return cors_headers(headers, self._settings.allowed_origins, preflight=preflight)

    async def _schema(self, scope: Scope, send: Send, headers: Headers) -> None:
        if scope["method"] not in {"GET", "HEAD"}:
            raise Refusal(405, "METHOD_NOT_ALLOWED", "Send a GET.", [(b"allow", b"GET, HEAD")])
        body = self._sdl if scope["method"] == "GET" else b""
        await _respond(send, 200, body, "text/plain", self._cors(headers), length=len(self._sdl))

    async def _timed_body(self, headers: Headers, receive: Receive) -> bytes:
        try:
            async with asyncio.timeout(self._settings.body_seconds):
                return await self._body(headers, receive)
        except TimeoutError:
            message = "The body came too slowly; send it again."
            raise Refusal(408, "BODY_TOO_SLOW", message, [(b"connection", b"close")], retryable=True) from None

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        limit = self._settings.body_limit
        too_large = Refusal(
            413, "BODY_TOO_LARGE", f"The body may have at most {limit} bytes.", [(b"connection", b"close")]
        )
        check_content_type(headers)
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or int(declared[:20]) > limit:
            raise too_large
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Refusal(400, "BAD_REQUEST", "The request ended before its body did.")
            part = message.get("body", b"")
            size += len(part)
            if size > limit:
                raise too_large
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)


def _asker(headers: Headers, context: Context) -> Hashable:
    """Return whose share of the threads a request comes out of, as far as it can be told without looking anything up:
    the credentials that it shows, else where it comes from. Kept for no longer than the request is.
    """
    return headers.get(b"authorization") or headers.get(b"cookie") or network(context.address)


def _for_the_door(headers: Headers) -> dict[str, str]:
    return {
        name: headers[name.encode()].decode("latin-1")
        for name in ("authorization", "cookie")
        if name.encode() in headers
    }


def _operation(body: bytes) -> Operation:
    """Read the parameters of the request. Raises Refusal 400 for anything that is not a well-formed request."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refusal(400, "BAD_REQUEST", "The body is not JSON.") from None
    if not isinstance(found, dict):
        raise Refusal(400, "BAD_REQUEST", "The body must be a JSON object with a query.")
    query, variables, name = found.get("query"), found.get("variables"), found.get("operationName")
    if not isinstance(query, str) or not query:
        raise Refusal(400, "BAD_REQUEST", 'The "query" must be a text.')
    if variables is not None and not isinstance(variables, dict):
        raise Refusal(400, "BAD_REQUEST", 'The "variables" must be an object.')
    if name is not None and not isinstance(name, str):
        raise Refusal(400, "BAD_REQUEST", 'The "operationName" must be a text.')
    if found.get("extensions") is not None and not isinstance(found["extensions"], dict):
        raise Refusal(400, "BAD_REQUEST", 'The "extensions" must be an object.')
    return Operation(query, variables or {}, name or None)


def _written(result: dict[str, Any]) -> bytes:
    """Return the JSON of an answer."""
    try:
        return orjson.dumps(result)
    except orjson.JSONEncodeError:
        # It goes no deeper than 254 levels and no further than 64 bits. Models and contexts (``JSON``) do.
        return json.dumps(result, ensure_ascii=False, allow_nan=False).encode()


def _failure(error: Exception, request_id: str) -> bytes:
    """Log what went wrong before an operation ran, and return the body that tells of it."""
    outage = outage_of(error)
    if outage is not None:
        logger.warning("Request %s: the database failed: %s", request_id, str(error).partition("\n")[0])
        return error_body(outage.message, outage.code, request_id, retryable=True)
    logger.error("Request %s failed unexpectedly.", request_id, exc_info=error)
    message = f"Something went wrong. Tell the operator this request id: {request_id}"
    return error_body(message, INTERNAL_ERROR, request_id)


async def _respond(
    send: Send,
    status: int,
    body: bytes,
    media_type: str,
    extra: Iterable[tuple[bytes, bytes]] = (),
    *,
    length: int | None = None,
) -> None:
    headers = [
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"content-length", str(len(body) if length is None else length).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *extra,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
