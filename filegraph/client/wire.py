"""One file over the byte plane: a PUT to an upload URL, a GET from a download URL, each resumable.

The signed URL is all the authority there is: the access token is never sent here, because the URL may point to
another host. Retries are for broken connections and answers that say "retry"; a refusal is final.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from filegraph.client.errors import CommandError, ServerUnreachable, error_of
from filegraph.client.graphql_client import tls
from filegraph.client.hashing import BLOCK, feed
from filegraph.client.patience import Patience
from filegraph.client.server_url import is_loopback

Advance = Callable[[int], None]

RETRY_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between tries after a broken connection."""
_RETRYABLE_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_ARRIVED_STATES = frozenset({"VERIFYING", "READY"})


class LocalFileChanged(CommandError):
    """A local file changed while it was being read."""


class DamagedDownload(CommandError):
    """The bytes that arrived do not have the SHA-256 that the server named."""


@dataclass(frozen=True, slots=True)
class PutTarget:
    """Where to PUT: the upload's transport as the server gave it."""

    url: str
    method: str
    headers: tuple[tuple[str, str], ...]


def open_http(url: str, connections: int) -> httpx.Client:
    """A connection pool for the byte plane, without the access token."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    timeout = httpx.Timeout(120.0, connect=10.0)
    return httpx.Client(limits=limits, timeout=timeout, verify=tls(), trust_env=not is_loopback(url))


class Carrier:
    """Carries files over one pool of connections."""

    def __init__(
        self, http: httpx.Client, patience: Patience | None = None, *, pauses: Sequence[float] = RETRY_PAUSES
    ) -> None:
        self._http = http
        self._patience = patience or Patience()
        self._pauses = tuple(pauses)

    def put(self, target: PutTarget, path: Path, size: int, advance: Advance) -> None:
        """Send ``size`` bytes of ``path``. Raises ``CommandError`` or ``OSError``; returns once all bytes arrived."""
        for pause in (*self._pauses, None):
            try:
                return self._put_once(target, path, size, advance)
            except CommandError as error:
                if error.code == "UPLOAD_ALREADY_RECEIVED":
                    return None
                if not error.retryable or pause is None:
                    raise
                self._patience.wait(pause, error.message)
                if self._has_arrived(target):
                    advance(size)
                    return None
        return None

    def get(self, url: str, part: Path, size: int, sha256: str, advance: Advance) -> None:
        """Fetch a file into ``part``, going on after the bytes that are there, and verify it.

        Raises ``CommandError`` (``DamagedDownload`` for other bytes than promised) or ``OSError``.
        """
        damaged = 0
        for pause in (*self._pauses, None):
            carried = _Tally(advance)
            try:
                return self._get_once(url, part, size, sha256, carried)
            except CommandError as error:
                # Other bytes may have been a bad part of an earlier run; twice is no accident.
                damaged += isinstance(error, DamagedDownload)
                carried.take_back()
                if not error.retryable or pause is None or damaged > 1:
                    raise
                self._patience.wait(pause, error.message)
        return None

    def _put_once(self, target: PutTarget, path: Path, size: int, advance: Advance) -> None:
        carried = _Tally(advance)
        headers = {**dict(target.headers), "content-length": str(size)}
        try:
            content = _blocks(path, size, carried)
            response = self._http.request(target.method, target.url, content=content, headers=headers)
        except httpx.HTTPError as error:
            carried.take_back()
            raise ServerUnreachable("The connection broke while sending.", retryable=True) from error
        if response.status_code == httpx.codes.PRECONDITION_FAILED and "if-none-match" in map(str.lower, headers):
            # Something is there: most likely what we sent before an answer got lost. Finalize tells for sure.
            return
        if not response.is_success:
            carried.take_back()
            raise refusal(response)

    def _has_arrived(self, target: PutTarget) -> bool:
        """Whether the server has all bytes although its answer was lost."""
        try:
            response = self._http.head(target.url)
        except httpx.HTTPError:
            return False
        return response.is_success and response.headers.get("upload-state", "").upper() in _ARRIVED_STATES

    def _get_once(self, url: str, part: Path, size: int, sha256: str, advance: Advance) -> None:
        hasher = hashlib.sha256()
        with part.open("ab+", buffering=0) as file:
            file.seek(0)
            have = feed(hasher, file, advance)
            if have > size or (have == size and hasher.hexdigest() != sha256):
                file.truncate(0)
                raise DamagedDownload("The partial file was of other bytes.", retryable=True)
            if have < size or size == 0:
                hasher = self._receive(url, file.fileno(), have, sha256, hasher, advance)
            arrived = os.fstat(file.fileno()).st_size
            if arrived == size and hasher.hexdigest() == sha256:
                os.fsync(file.fileno())
                return
            if arrived >= size:
                file.truncate(0)
                raise DamagedDownload("The bytes that arrived do not have the promised SHA-256.", retryable=True)
        raise ServerUnreachable("The connection broke while receiving.", retryable=True)

    def _receive(
        self, url: str, descriptor: int, have: int, sha256: str, hasher: hashlib._Hash, advance: Advance
    ) -> hashlib._Hash:
        headers = {"accept-encoding": "identity"}
        if have:
            headers |= {"range": f"bytes={have}-", "if-range": f'"{sha256}"'}
        try:
            with self._http.stream("GET", url, headers=headers) as response:
                if response.status_code == 200 and have:  # The server starts from the beginning, and so do we.
                    os.ftruncate(descriptor, 0)
                    advance(-have)
                    hasher = hashlib.sha256()
                elif response.status_code not in (200, 206):
                    response.read()
                    raise refusal(response)
                for (
                    block
                ) in response.iter_raw():  # As they come: gathering would lose bytes when the connection breaks.
                    _write_all(descriptor, block)
                    hasher.update(block)
                    advance(len(block))
        except httpx.HTTPError as error:
            raise ServerUnreachable("The connection broke while receiving.", retryable=True) from error
        return hasher


class _Tally:
    """Counts what one try carried, so that a failed try can be taken back from the display."""

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._carried = 0

    def __call__(self, size: int) -> None:
        self._carried += size
        self._advance(size)

    def take_back(self) -> None:
        self._advance(-self._carried)
        self._carried = 0


def refusal(response: httpx.Response) -> CommandError:
    """The error that an answer of the byte plane means; its body may be anything."""
    retryable = response.status_code in _RETRYABLE_STATUS
    try:
        error = response.json()["error"]
        return error_of(str(error["code"]), str(error["message"]), retryable=bool(error["retryable"]) or retryable)
    except (ValueError, KeyError, TypeError):
        # Links may lead to another server, with other words. One of the few things it can mean by 403 is its end.
        code = "TOKEN_EXPIRED" if response.status_code == httpx.codes.FORBIDDEN else ""
        message = f"The server answered HTTP {response.status_code}."
        return error_of(code, message, retryable=retryable)


def _blocks(path: Path, size: int, advance: Advance) -> Iterator[bytes]:
    left = size
    with path.open("rb", buffering=0) as file:
        while left:
            block = file.read(min(BLOCK, left))
            if not block:
                raise LocalFileChanged(f"{path} became shorter while it was being sent.")
            left -= len(block)
            yield block
            advance(len(block))


def _write_all(descriptor: int, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[os.write(descriptor, view) :]
