"""Requests that are answered before any operation runs, and what such an answer says."""

from __future__ import annotations

from collections.abc import Iterable

import orjson


class Refusal(Exception):
    """A request that is answered with an HTTP ``status`` and no data; ``message`` may be shown to anybody."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Iterable[tuple[bytes, bytes]] = (),
        *,
        retryable: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = tuple(headers)
        self.retryable = retryable


def error_body(message: str, code: str, request_id: str, *, retryable: bool = False) -> bytes:
    """Return the JSON of an answer that is one error and nothing else."""
    extensions = {"code": code, "requestId": request_id, **({"retryable": True} if retryable else {})}
    return orjson.dumps({"errors": [{"message": message, "extensions": extensions}]})
