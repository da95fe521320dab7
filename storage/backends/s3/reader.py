"""Reading an object: one stream for as long as the reads follow each other, another where they jump."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError
from botocore.response import StreamingBody

from storage.backends.base import ObjectReader
from storage.backends.s3.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TRIES = 2


class S3Reader(ObjectReader):
    """Ranged GETs of one object, each to the end, so that a download of any size is one request.

    A stream that breaks is opened once more where it broke. Objects never change, so both are of the same bytes.
    """

    def __init__(self, client: S3Client, bucket: str, key: str, size: int) -> None:
        self.size = size
        self._client, self._bucket, self._key = client, bucket, key
        self._lock = threading.Lock()
        self._stream: StreamingBody | None = None
        self._position = 0

    def read(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes from ``offset``; threads take turns. Raises BackendUnavailable, FileNotFoundError."""
        wanted = max(0, min(length, self.size - offset))
        if not wanted:
            return b""
        with self._lock, translated(self._key):
            for attempt in range(_TRIES):
                try:
                    return self._read(offset, wanted)
                except (BotoCoreError, OSError):
                    self._drop()
                    if attempt == _TRIES - 1:
                        raise
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close the stream."""
        with self._lock:
            self._drop()

    def _read(self, offset: int, wanted: int) -> bytes:
        if self._stream is None or offset != self._position:
            self._drop()
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key, Range=f"bytes={offset}-")
            self._stream, self._position = answer["Body"], offset
        pieces, got = [], 0
        while got < wanted:
            piece = self._stream.read(wanted - got)
            if not piece:
                raise ConnectionError("the stream ended early")
            pieces.append(piece)
            got += len(piece)
        self._position += got
        if self._position == self.size:
            # Read to its end, so that the connection can be used again.
            self._drop()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _drop(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            with suppress(BotoCoreError, OSError):
                stream.close()
