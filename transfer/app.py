"""The byte plane as one raw ASGI application, in front of Django: no byte of a file passes through Django's handler.

Here: which path and method goes where, and how a refusal is answered. What happens to the bytes is in ``uploads`` and
``downloads``; what is allowed is judged by ``storage.services``.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import datetime

from authz.errors import AuthzError, ConditionFailed
from authz.services import undecided
from storage import addresses
from storage.errors import NotFound, StorageError
from storage.outages import outage_of
from transfer.allocator import pad_heap_top
from transfer.asgi import ClientGone, Receive, Run, Scope, Send
from transfer.body import Body
from transfer.conf import TransferSettings
from transfer.cors import CrossOrigin
from transfer.downloads import Downloads
from transfer.errors import InternalError, MethodNotAllowed, Refusal, TransferError, status_of
from transfer.file_threads import FileThreads
from transfer.intake import BufferBudget
from transfer.pace import Pace
from transfer.plain_refusal import is_for_a_person, plain_body, plain_headers
from transfer.reply import ZERO_COPY, Reply, refusal_body, refusal_headers
from transfer.request import Request
from transfer.sender import Sender
from transfer.uploads import Uploads

logger = logging.getLogger("filegraph.transfer")

_METHODS = {addresses.UPLOADS: ("PUT", "HEAD", "OPTIONS"), addresses.DOWNLOADS: ("GET", "HEAD", "OPTIONS")}
_UNREAD_LIMIT = 64 * 1024

# Once for the process, before the first body: see transfer.allocator.
pad_heap_top()


class TransferApp:
    """``/u/<token>`` (PUT, HEAD) and ``/d/<token>/<name>`` (GET, HEAD), and OPTIONS on both.

    ``run`` takes a function to a database thread, ``clock`` tells aware UTC.
    """

    def __init__(
        self,
        *,
        run: Run,
        clock: Callable[[], datetime],
        settings: TransferSettings | None = None,
    ) -> None:
        self._settings = settings or TransferSettings()
        self._threads = FileThreads(self._settings.file_threads)
        self._cors = CrossOrigin(self._settings.allowed_origins)
        budget = BufferBudget(self._settings.buffer_budget)
        self._uploads = Uploads(run, clock, threads=self._threads, budget=budget)
        self._downloads = Downloads(
            run,
            clock,
            threads=self._threads,
            sender=Sender(self._threads, timeout=self._settings.send_timeout),
            resource_policy=self._cors.resource_policy,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of scope type ``http``."""
        request = Request(scope)
        body = Body(receive, self._pace())
        reply = Reply(
            send,
            always=self._cors.headers(request.header("origin")),
            head_only=request.method == "HEAD",
            sends_files=ZERO_COPY in scope.get("extensions", ()),
        )
        try:
            await self._answer(request, body, receive, reply)
        except ClientGone:
            return

    def close(self) -> None:
        """End the file threads; call it when no request is under way any more."""
        self._threads.close()

    async def _answer(self, request: Request, body: Body, receive: Receive, reply: Reply) -> None:
        """Answer, or refuse. Raises ClientGone alone."""
        try:
            await self._dispatch(request, body, receive, reply)
        except ClientGone:
            raise
        except (TransferError, StorageError) as error:
            await self._refuse(error, request, body, reply)
        except ConditionFailed as error:
            # Who may not be told yes is told what somebody is to whom there is nothing here.
            undecided.tell(error)
            await self._refuse(NotFound(), request, body, reply)
        except AuthzError as error:
            request_id = _log_failure(request, error) if status_of(error) == 500 else None
            await self._refuse(error, request, body, reply, request_id=request_id)
        except Exception as error:
            outage = outage_of(error)
            request_id = _log_failure(request, error) if outage is None else None
            await self._refuse(outage or InternalError(), request, body, reply, request_id=request_id)

    async def _dispatch(self, request: Request, body: Body, receive: Receive, reply: Reply) -> None:
        prefix, token = _route(request.path)
        methods = _METHODS[prefix]
        allow = ", ".join(methods)
        if request.method not in methods:
            raise MethodNotAllowed(allow)
        if request.method == "OPTIONS":
            preflight = self._cors.preflight(request.header("origin"), allow.encode())
            await reply.whole(204, [(b"allow", allow.encode()), *preflight])
        elif prefix == addresses.DOWNLOADS:
            await self._downloads.get(request, token, receive, reply)
        elif request.method == "HEAD":
            await self._uploads.head(token, reply)
        else:
            await self._uploads.put(request, token, body, reply)

    async def _refuse(
        self, error: Refusal, request: Request, body: Body, reply: Reply, *, request_id: str | None = None
    ) -> None:
        """Answer at once, however much of the body is still to come.

        Of that no more is asked for once 64 KiB are here; the server's last read may have brought more (256 KiB).
        """
        if reply.started:
            # The connection ends in the middle, and the log says why.
            return
        headers, content = refusal_headers(error), refusal_body(error, request_id=request_id)
        if is_for_a_person(request):
            headers, content = plain_headers(headers), plain_body(error, request_id=request_id)
        if request_id is not None:
            headers.append((b"x-request-id", request_id.encode()))
        if body.finished or not _is_long(request):
            await reply.whole(status_of(error), headers, content)
            return
        headers.append((b"connection", b"close"))
        await reply.whole(status_of(error), headers, content, hold=True)
        await body.drain(limit=_UNREAD_LIMIT, seconds=self._settings.linger)
        await reply.release()

    def _pace(self) -> Pace:
        settings = self._settings
        return Pace(idle_timeout=settings.idle_timeout, min_rate=settings.min_rate, grace=settings.rate_grace)


def _log_failure(request: Request, error: Exception) -> str:
    """Log what should not happen, and return the request id it stands under."""
    request_id = secrets.token_hex(8)
    # Neither path nor headers: they carry tokens.
    logger.error("request %s (%s) failed", request_id, request.method, exc_info=error)
    return request_id


def _route(path: str) -> tuple[str, str]:
    """The prefix and the token of a path; raises NotFound. ``/d/<token>`` may do without a name."""
    prefix, token, rest = path[:3], *(path[3:].partition("/")[::2])
    if prefix not in _METHODS or not token or (rest and prefix == addresses.UPLOADS):
        raise NotFound
    return prefix, token


def _is_long(request: Request) -> bool:
    """Whether a body may come that is too long to be read for nothing."""
    if request.has_unsized_body or "expect" in request.headers:
        return True
    length = request.header("content-length") or "0"
    return not length.isdecimal() or len(length) > 5 or int(length) > _UNREAD_LIMIT
