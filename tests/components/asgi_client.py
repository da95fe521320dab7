"""One HTTP exchange with an ASGI application in this process: what a server does, with every message in our hands."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

SECONDS = 20


class Gone:
    """The client closes the connection."""


GONE = Gone()

Step = Callable[[], Awaitable[None]]
Piece = bytes | float | Gone | Step
"""A part of the body; a pause (seconds); the end of the connection; something that happens in between."""


@dataclass(slots=True)
class Answer:
    """What the application sent. ``status`` is 0 when it said nothing.

    ``asked_for`` counts the body's bytes that the application had received when it began to answer, ``taken`` all.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    blocks: list[int] = field(default_factory=list)
    complete: bool = False
    asked_for: int = 0
    taken: int = 0

    @property
    def error(self) -> dict[str, Any]:
        """The ``error`` member of a JSON refusal."""
        assert self.headers["content-type"] == "application/json"
        content: dict[str, Any] = json.loads(self.body)["error"]
        return content

    @property
    def code(self) -> str:
        """The code of a JSON refusal."""
        code: str = self.error["code"]
        return code


def exchange(
    app: Callable[[Any, Any, Any], Awaitable[None]],
    method: str,
    path: str,
    *,
    body: Iterable[Piece] | bytes = b"",
    headers: Mapping[str, str] | None = None,
    on_block: Callable[[int], Awaitable[None]] | None = None,
    zero_copy: bool = False,
) -> Answer:
    """Do one exchange. Content-Length is added to a ``body`` of bytes; ``on_block`` runs as each block goes out.

    ``zero_copy``: whether this server can be told to send a file.
    """
    work = exchanged(app, method, path, body=body, headers=headers, on_block=on_block, zero_copy=zero_copy)
    return asyncio.run(work)


async def exchanged(
    app: Callable[[Any, Any, Any], Awaitable[None]],
    method: str,
    path: str,
    *,
    body: Iterable[Piece] | bytes = b"",
    headers: Mapping[str, str] | None = None,
    on_block: Callable[[int], Awaitable[None]] | None = None,
    zero_copy: bool = False,
) -> Answer:
    """``exchange`` for a running event loop."""
    sent = {name.lower(): value for name, value in (headers or {}).items()}
    if isinstance(body, bytes):
        if method not in ("GET", "HEAD", "OPTIONS"):
            sent.setdefault("content-length", str(len(body)))
        pieces: list[Piece] = [body]
    else:
        pieces = list(body)
    answer = Answer()
    finished = asyncio.Event()

    async def receive() -> dict[str, Any]:
        while pieces:
            piece = pieces.pop(0)
            if isinstance(piece, float):
                await asyncio.sleep(piece)
            elif isinstance(piece, bytes):
                answer.taken += len(piece)
                more = any(not callable(later) for later in pieces)
                return {"type": "http.request", "body": piece, "more_body": more}
            elif isinstance(piece, Gone):
                pieces[:] = [piece]
                finished.set()
                return {"type": "http.disconnect"}
            else:
                await piece()
        await finished.wait()
        return {"type": "http.disconnect"}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            assert not answer.status, "a second response"
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
            answer.asked_for = answer.taken
            return
        assert answer.status, "a body before the status"
        assert not answer.complete, "a body after the end"
        content = message["body"] if message["type"] == "http.response.body" else _part_of_file(message)
        answer.body += content
        answer.blocks.append(len(content))
        if on_block is not None:
            await on_block(len(answer.blocks))
        if not message.get("more_body", False):
            answer.complete = True
            finished.set()

    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode("utf-8", "surrogateescape"),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.items()],
    }
    if zero_copy:
        scope["extensions"] = {"http.response.zerocopysend": {}}
    async with asyncio.timeout(SECONDS):
        await app(scope, receive, send)
    return answer


def _part_of_file(message: Mapping[str, Any]) -> bytes:
    assert message["type"] == "http.response.zerocopysend"
    content = os.pread(message["file"].fileno(), message["count"], message["offset"])
    assert len(content) == message["count"]
    return content
