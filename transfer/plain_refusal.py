"""A refusal for a person who opened a link in a browser: a sentence instead of JSON. Programs never get one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from transfer.asgi import RawHeader
from transfer.errors import Refusal
from transfer.request import Request

_ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "INVALID_TOKEN": "Perhaps a part of it was lost when it was copied.",
        "TOKEN_EXPIRED": "Ask whoever gave it to you for a new one.",
        "NOT_FOUND": "The file was removed, or it is not shared any more.",
    }
)


def is_for_a_person(request: Request) -> bool:
    """Whether the request is a browser's that shows what it gets: only then is HTML asked for by name."""
    return request.method in ("GET", "HEAD") and "text/html" in (request.header("accept") or "").lower()


def plain_headers(headers: Sequence[RawHeader]) -> list[RawHeader]:
    """The headers of a refusal, with plain text as the content's type."""
    return [(n, b"text/plain; charset=utf-8" if n == b"content-type" else value) for n, value in headers]


def plain_body(error: Refusal, *, request_id: str | None = None) -> bytes:
    """What happened and what helps, as one line of text; the request id, if one was logged."""
    advice = "Try again in a moment." if error.retryable else _ADVICE.get(error.code, "")
    told = f"Tell the operator this request id: {request_id}" if request_id else ""
    return (" ".join(filter(None, (error.message, advice, told))) + "\n").encode()
