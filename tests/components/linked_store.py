"""A store whose links work as those of S3 do, in memory and by a clock that a test sets: for what takes days.

It keeps what S3 promises: a link binds length and SHA-256, works until its end by the store's clock, and never
overwrites. A PUT is judged when it begins and stored when it ends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from storage.backends.memory import MemoryBackend
from storage.backends.types import ObjectStat, PresignedRequest
from storage.errors import Conflict
from storage.services.uploads import PresignedPut
from tests.components.uploads import World, make_world

DRIVER = {"linked": "tests.components.linked_store.LinkedBackend"}
"""For ``FILEGRAPH_STORAGE_BACKEND_CLASSES``."""


class LinkedBackend(MemoryBackend):
    """``MemoryBackend`` with links to it."""

    supports_checksum: ClassVar[bool] = True

    def __init__(self, *, backend_config: Mapping[str, Any] | None = None) -> None:
        super().__init__(backend_config=backend_config)
        self.supports_presigned_put = True

    def stat(self, key: str) -> ObjectStat:
        found = super().stat(key)
        with self.open_reader(key) as reader:
            return ObjectStat(found.size, hashlib.sha256(reader.read(0, found.size)).hexdigest(), found.modified)

    def set_time(self, key: str, modified: datetime) -> None:
        """Let an object have come at this time."""
        with self._memory.lock:
            self._memory.objects[key] = (self._memory.objects[key][0], modified)

    def presigned_put(
        self, key: str, *, size: int, sha256: str, expires_in: int, now: datetime
    ) -> PresignedRequest | None:
        ends = now + timedelta(seconds=expires_in)
        return PresignedRequest("PUT", f"linked:{key}?size={size}&sha256={sha256}&ends={ends.timestamp()}", ends)


class Refused(Exception):
    """The store did not take a PUT."""


@dataclass(slots=True)
class Put:
    """A PUT whose head was taken; its bytes count when it is ``finish``\\ ed."""

    world: World
    key: str
    data: bytes

    def finish(self) -> None:
        """Raises ``Refused`` where the key is taken."""
        store = self.world.store
        assert isinstance(store, LinkedBackend)
        try:
            with store.open_writer(self.key) as writer:
                writer.write(self.data)
        except Conflict:
            raise Refused("412") from None
        store.set_time(self.key, self.world.now)


def begin_put(world: World, plan: object, data: bytes, *, behind: timedelta = timedelta(0)) -> Put:
    """Begin a PUT by a link; the clock of the store is ``behind`` ours. Raises ``Refused``."""
    assert isinstance(plan, PresignedPut)
    assert isinstance(world.store, LinkedBackend)
    url = urlsplit(plan.signed_url)
    bound = {name: value for name, (value,) in parse_qs(url.query).items()}
    if world.now - behind >= datetime.fromtimestamp(float(bound["ends"]), UTC):
        raise Refused("403: the link has ended")
    if (len(data), hashlib.sha256(data).hexdigest()) != (int(bound["size"]), bound["sha256"]):
        raise Refused("other bytes")
    if world.store.exists(url.path):
        raise Refused("412")
    return Put(world, url.path, data)


def send(world: World, plan: object, data: bytes = b"hello", *, behind: timedelta = timedelta(0)) -> bool:
    """PUT at once; tell whether the store took it."""
    try:
        begin_put(world, plan, data, behind=behind).finish()
    except Refused:
        return False
    return True


def stored(world: World) -> int:
    """Return the bytes that are in the store."""
    return sum(world.store.size(key) for key in list(world.store.keys()))


def make_linked_world(quota: int | None = None) -> World:
    """A world on such a store; ``DRIVER`` has to be in the settings."""
    return make_world("", driver="linked", quota=quota, prefix="team")
