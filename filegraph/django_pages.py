"""What Django answers: the sign at ``/``, the administration pages, and their CSS. Nothing else reaches Django.

Django writes a body to disk before any view is asked who sends it, so a body is judged here.
"""

from __future__ import annotations

from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.exceptions import SuspiciousFileOperation
from django.core.handlers.asgi import ASGIHandler
from django.http import FileResponse, Http404, HttpRequest, HttpResponse

from filegraph.bodies import App, BodyRefused, Receive, Scope, Send, has_body, read_whole
from filegraph.refusals import GRAPHQL_IS_NEAR, NOTHING_HERE, READ_ONLY, Refusal

BODY_LIMIT = 1024 * 1024
"""Largest form of an administration page, in bytes."""

BODY_SECONDS = 30.0
"""How long it may take to arrive."""

NO_BODY = Refusal(413, "BODY_TOO_LARGE", "This address takes no body.")


class _StaticFiles(ASGIStaticFilesHandler):
    """Django's own files (the admin pages' CSS) come straight from the installed packages: nothing to collect."""

    def serve(self, request: HttpRequest) -> HttpResponse | FileResponse:
        try:
            return super().serve(request)
        except (SuspiciousFileOperation, ValueError):
            # A path that leads out of the folder or holds a null byte is only one more file that is not there.
            raise Http404 from None


class DjangoPages:
    """The ASGI application in front of Django's."""

    def __init__(self) -> None:
        self._django: App = _StaticFiles(ASGIHandler())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of scope type ``http``."""
        refusal = _judge(scope)
        if refusal is None and has_body(scope):
            try:
                receive = await read_whole(scope, receive, limit=BODY_LIMIT, seconds=BODY_SECONDS)
            except BodyRefused as error:
                if error.refusal is None:
                    return
                refusal = error.refusal
        if refusal is not None:
            await refusal.answer(send)
        else:
            await self._django(scope, receive, send)


def _judge(scope: Scope) -> Refusal | None:
    path = scope["path"]
    if path == "/admin" or path.startswith("/admin/"):
        return None
    if path == "/graphql/":
        # Not served all the same: an operation that runs at a second address escapes a proxy's rules.
        return GRAPHQL_IS_NEAR
    if path != "/" and not path.startswith("/static/"):
        return NOTHING_HERE
    if scope["method"] not in ("GET", "HEAD"):
        return READ_ONLY
    return NO_BODY if has_body(scope) else None
