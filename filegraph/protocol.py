"""Uvicorn's HTTP/1.1 connection with bounds: how many there are, how long and how large the head of a request may be.

Uvicorn reads a head for as long as it comes, whatever its size. Bodies are bounded by whoever reads them.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from filegraph.refusals import HEAD_TOO_LARGE, NOT_A_REQUEST, TOO_MANY_CONNECTIONS, Refusal

LINGER_SECONDS = 1.0
"""How long a refused client has to read the answer before its connection is closed, with unread bytes or without."""


@dataclass(frozen=True, slots=True)
class Limits:
    """``head_size`` in bytes, ``head_seconds`` from the connection, or from its first byte, to the end of the head.

    ``proxies`` are addresses or networks to which ``connections_per_address`` does not apply; "*" is all.
    """

    head_size: int = 64 * 1024
    head_seconds: float = 20.0
    connections: int = 1000
    connections_per_address: int = 200
    proxies: Sequence[str] = ()


@dataclass(slots=True)
class Peers:
    """Open connections by who opened them."""

    limits: Limits
    counts: Counter[str] = field(default_factory=Counter)

    def key(self, address: str) -> str:
        """Return what ``address`` is counted as: itself, its /64 network if it is IPv6, "" for a trusted proxy."""
        try:
            ip = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return address
        if isinstance(ip, ipaddress.IPv6Address):
            ip = ip.ipv4_mapped or ip
        if any(_covers(proxy, ip) for proxy in self.limits.proxies):
            return ""
        return str(ip) if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))

    def enter(self, key: str) -> bool:
        """Count one more; return whether that is still within the limit."""
        self.counts[key] += 1
        return not key or self.counts[key] <= self.limits.connections_per_address

    def leave(self, key: str) -> None:
        """Count one less."""
        self.counts[key] -= 1
        if self.counts[key] <= 0:
            del self.counts[key]


class BoundedProtocol(HttpToolsProtocol):
    """One connection. ``protocol_class`` makes the class that a server is given."""

    limits: ClassVar[Limits]
    peers: ClassVar[Peers]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Refuse the connection or wait for the first head."""
        super().connection_made(transport)
        self._in_head = True
        self._head_size = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._refused = False
        self._peer = self.peers.key(self.client[0]) if self.client else ""
        if not self.peers.enter(self._peer) or len(self.connections) > self.limits.connections:
            self._refused = True
            transport.write(TOO_MANY_CONNECTIONS.raw())
            transport.close()
            return
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_head_timer()
        self.peers.leave(self._peer)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse; of a head, no more than the limit allows.

        What comes after it is not read before somebody asks for it: a refused body costs no more than the read
        that its head came with.
        """
        waited_for_head = self._in_head
        while data and not self._is_over():
            # Bytes that are neither a body nor a finished head: a head, or trailers after a chunked body.
            size = max(1, self.limits.head_size - self._head_size)
            piece, data = (data[:size], data[size:]) if self._in_head else (data, b"")
            self._head_size += len(piece)
            if self._in_head and self._head_timer is None:
                self._start_head_timer()
            super().data_received(piece)
            if self._head_size > self.limits.head_size or (self._in_head and self._head_size == self.limits.head_size):
                self._refuse(HEAD_TOO_LARGE)
        if waited_for_head and not self._in_head and not self._is_over():
            self.flow.pause_reading()

    def on_message_begin(self) -> None:
        """Wait for the rest of the head."""
        if self._head_timer is None:
            self._start_head_timer()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; trailers, which come after the body, are dropped."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """End the wait for the head."""
        self._in_head = False
        self._head_size = 0
        self._stop_head_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._head_size = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for the next head."""
        self._in_head = True
        self._head_size = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request, in JSON."""
        self._refuse(NOT_A_REQUEST)

    def _start_head_timer(self) -> None:
        self._head_timer = self.loop.call_later(self.limits.head_seconds, self._head_is_late)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        if self._is_answering():
            # Half a request behind one that is still being answered: it is we who make it wait.
            self._start_head_timer()
        elif not self.transport.is_closing():
            self.transport.close()

    def _is_over(self) -> bool:
        return self._refused or self.transport.is_closing()

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _refuse(self, refusal: Refusal) -> None:
        """Answer and close. A moment lies between: closing with unread bytes can overtake the answer (TCP reset)."""
        if self._is_over():
            return
        self._refused = True
        self._stop_head_timer()
        if self._is_answering():
            if self._in_head or self.pipeline or self.cycle.response_started:
                # Another answer comes first; nothing may be written into it or before it.
                self.transport.close()
                return
            # A broken body: who waits for the rest of it hears that the client is gone.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(refusal.raw())
        self.flow.pause_reading()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)


def protocol_class(limits: Limits) -> type[BoundedProtocol]:
    """Return the class for uvicorn's ``http``; all its connections count together."""
    members: dict[str, Any] = {"limits": limits, "peers": Peers(limits)}
    return type("Protocol", (BoundedProtocol,), members)


def _covers(proxy: str, ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return proxy == "*" or ip in ipaddress.ip_network(proxy, strict=False)
    except ValueError:
        return False
