"""Writing an object: one PUT if it is small, a multipart upload if it is not. Nothing is visible before the end."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from storage.backends.base import Chunk, ObjectWriter
from storage.backends.s3.client import S3Connection
from storage.backends.s3.errors import is_busy, logger, told, translated
from storage.errors import BackendUnavailable, StorageError

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

PART = 8 << 20
"""Bytes of a part, and of the memory that a writer holds. The store asks for 5 MiB at least, except of the last."""
_GROWS_AFTER = 1000
"""Parts until their size doubles: S3 takes 10,000 of them, and objects of 5 TiB."""
_TRIES_WHEN_BUSY = 3
CONTENT_TYPE = "application/octet-stream"
"""Of every object: what a file is stands in its row, and is told by the link that reads it."""


class S3Writer(ObjectWriter):
    """Gathers bytes until a part is full. The condition that the key be free is judged by the store at the end."""

    def __init__(self, connection: S3Connection, key: str) -> None:
        self._connection = connection
        self._bucket, self._key = connection.config.bucket, key
        self._buffer: bytearray | None = bytearray()
        self._upload_id = ""
        self._parts: list[CompletedPartTypeDef] = []

    def write(self, chunk: Chunk) -> None:
        """Append; raises BackendFull, BackendUnavailable, after which the writer can only be aborted."""
        with memoryview(chunk) as left:
            while left:
                buffer = self._open()
                taken = left[: _part_size(len(self._parts)) - len(buffer)]
                buffer += taken
                left = left[len(taken) :]
                if len(buffer) == _part_size(len(self._parts)):
                    # All parts but the last are of one size until it doubles: some stores ask for that.
                    self._buffer = bytearray()
                    self._send(buffer)

    def commit(self) -> None:
        """Send the rest and make the object visible. Raises Conflict if the key is taken, as ``write`` otherwise."""
        buffer = self._open()
        try:
            if self._upload_id:
                self._complete(buffer)
            else:
                self._put(buffer)
        finally:
            # After a lost answer the object may be there all the same; who asked for it discards the key.
            self.abort()

    def abort(self) -> None:
        """Give up what was sent. What cannot be given up now is found by ``remove_stale``."""
        self._buffer = None
        upload_id, self._upload_id = self._upload_id, ""
        if upload_id:
            try:
                with translated():
                    self._connection.steady.abort_multipart_upload(
                        Bucket=self._bucket, Key=self._key, UploadId=upload_id
                    )
            except StorageError:
                logger.warning("a multipart upload is left in bucket %s; the sweep tries again", self._bucket)

    def _open(self) -> bytearray:
        if self._buffer is None:
            raise BackendUnavailable("This writer is closed.")
        return self._buffer

    def _send(self, part: bytearray) -> None:
        with translated():
            if not self._upload_id:
                begun = self._connection.steady.create_multipart_upload(
                    Bucket=self._bucket, Key=self._key, ContentType=CONTENT_TYPE
                )
                self._upload_id = told(begun, "UploadId")
            number = len(self._parts) + 1
            sent = self._connection.bytes.upload_part(
                Bucket=self._bucket, Key=self._key, UploadId=self._upload_id, PartNumber=number, Body=_body(part)
            )
            self._parts.append({"ETag": told(sent, "ETag"), "PartNumber": number})

    def _complete(self, rest: bytearray) -> None:
        if rest:
            self._send(rest)
        self._while_busy(
            lambda: self._connection.once.complete_multipart_upload(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._upload_id,
                MultipartUpload={"Parts": self._parts},
                IfNoneMatch="*",
            )
        )
        self._upload_id = ""

    def _put(self, data: bytearray) -> None:
        # The store verifies the checksum, keeps it, and ``stat`` tells it.
        checksum = b64encode(hashlib.sha256(data).digest()).decode()
        self._while_busy(
            lambda: self._connection.once.put_object(
                Bucket=self._bucket,
                Key=self._key,
                Body=_body(data),
                ContentType=CONTENT_TYPE,
                ChecksumSHA256=checksum,
                IfNoneMatch="*",
            )
        )

    def _while_busy(self, request: Callable[[], Any]) -> None:
        """Ask again where the store says that a rival was under way: then the rival is done, one way or the other."""
        with translated():
            for attempt in range(_TRIES_WHEN_BUSY):
                try:
                    request()
                    return
                except ClientError as error:
                    if not is_busy(error) or attempt == _TRIES_WHEN_BUSY - 1:
                        raise


def _part_size(number: int) -> int:
    return PART << (number // _GROWS_AFTER)


def _body(data: bytearray) -> bytes:
    """Give boto3 the buffer itself, which it takes; its type stubs know of ``bytes`` alone."""
    return cast(bytes, data)
