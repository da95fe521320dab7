"""The ASGI extension ``http.response.zerocopysend`` for uvicorn's HTTP/1.1 connection: files sent by the kernel.

Offered on plain connections alone: what goes through TLS is encrypted by this process. Of the extension's message,
``offset`` and ``count`` must be given, and the response must have a Content-Length. A client that takes longer than
``send_seconds`` for 1 MiB is cut off here. How the bytes move is in ``filegraph.sendfile``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from filegraph.bodies import App, Receive, Scope
from filegraph.protocol import BoundedProtocol, Limits, Peers
from filegraph.sendfile import Transmission
from transfer.asgi import UnsendableFile
from transfer.file_threads import FileThreads
from transfer.reply import ZERO_COPY


class ZeroCopyProtocol(BoundedProtocol):
    """One connection. ``protocol_class`` makes the class that a server is given."""

    threads: ClassVar[FileThreads]
    send_seconds: ClassVar[float]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        self._transmission: Transmission | None = None
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """End what is being sent."""
        if self._transmission is not None:
            self._transmission.stop()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if self.scheme == "http":
            cycle.scope["extensions"] = {ZERO_COPY: {}}
            app = partial(self._with_files, app, cycle)
        super()._start_asgi_task(cycle, app)

    async def _with_files(self, app: App, cycle: RequestResponseCycle, scope: Scope, receive: Receive, _: Any) -> None:
        async def send(message: Any) -> None:
            await (self._send_file(cycle, message) if message["type"] == ZERO_COPY else cycle.send(message))

        await app(scope, receive, send)

    async def _send_file(self, cycle: RequestResponseCycle, message: Mapping[str, Any]) -> None:
        """Send a part. Raises OSError (the client is gone), UnsendableFile, RuntimeError (the message is wrong)."""
        count: int = message["count"]
        if not cycle.response_started or cycle.chunked_encoding is not False or cycle.scope["method"] == "HEAD":
            raise RuntimeError(f"{ZERO_COPY} needs a response with a body and a Content-Length")
        if count > cycle.expected_content_length:
            raise RuntimeError("Response content longer than Content-Length")
        try:
            await self._flush()
            self._transmission = Transmission(
                self.transport.get_extra_info("socket").fileno(),
                message["file"].fileno(),
                message["offset"],
                count,
                threads=self.threads,
                seconds=self.send_seconds,
            )
            await self._transmission.run()
        except (OSError, UnsendableFile):
            # What is sent stays cut off in the middle; nobody waits for the rest.
            cycle.disconnected = True
            self.transport.abort()
            raise
        finally:
            self._transmission = None
        cycle.expected_content_length -= count
        await cycle.send({"type": "http.response.body", "body": b"", "more_body": message.get("more_body", False)})

    async def _flush(self) -> None:
        """Wait until the transport has handed everything to the system, which sends in the order it was given."""
        if not self.transport.is_closing():
            self.transport.set_write_buffer_limits(high=0)
            async with asyncio.timeout(self.send_seconds):
                await self.flow.drain()
        if self.transport.is_closing():
            raise ConnectionAbortedError
        self.transport.set_write_buffer_limits()


def protocol_class(limits: Limits, *, threads: int, send_seconds: float) -> type[ZeroCopyProtocol]:
    """Return the class for uvicorn's ``http``; all its connections count together and share ``threads`` threads."""
    members: dict[str, Any] = {
        "limits": limits,
        "peers": Peers(limits),
        "threads": FileThreads(threads),
        "send_seconds": send_seconds,
    }
    return type("Protocol", (ZeroCopyProtocol,), members)
