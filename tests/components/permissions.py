"""This process as an installation whose permissions an OpenFGA server can keep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from authz.clients.openfga.calls import Call, Deadline, Sender
from authz.clients.openfga.wire import tuple_json
from authz.services import remote_engine
from authz.services.client import client_for
from authz.types import TupleKey

_CACHES = (client_for, remote_engine.remote_of, remote_engine.transport)


@dataclass
class Installation:
    """``choose`` is what FILEGRAPH_AUTHZ_CLIENT does, in this process."""

    settings: Any

    def choose(self, client: str) -> None:
        self.settings.FILEGRAPH_AUTHZ_CLIENT = client
        forget()

    def prepare(self) -> list[str]:
        done = remote_engine.prepare(now=datetime.now(UTC))
        client_for.cache_clear()
        return done

    @property
    def sender(self) -> Sender:
        return remote_engine.transport()

    def stored(self) -> set[TupleKey]:
        """What the server has, whatever is on its way."""
        return set(remote_engine.remote().read_all([{}])[0])

    def put(self, *keys: TupleKey) -> None:
        """Write into the store past us."""
        self._write({"writes": {"tuple_keys": list(map(tuple_json, keys))}})

    def take(self, *keys: TupleKey) -> None:
        """Delete from the store past us."""
        self._write({"deletes": {"tuple_keys": list(map(tuple_json, keys))}})

    def _write(self, body: dict[str, Any]) -> None:
        remote = remote_engine.remote()
        call: Call = remote.call("write", body)
        remote.send([call], Deadline())


def forget() -> None:
    for cache in _CACHES:
        cache.cache_clear()
