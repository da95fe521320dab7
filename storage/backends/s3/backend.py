"""Objects in a bucket of S3, or of a store that speaks S3's language.

Clients send and fetch the bytes themselves, by signed links; what has no link passes through us. Nothing is ever
overwritten: each write names the condition that its key be free, and the store judges it. The bucket must belong to
Filegraph alone, below the prefix at least, and must not keep versions: deleted bytes would stay.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from storage.backends.base import ObjectReader, ObjectWriter, StorageBackend, check_key
from storage.backends.s3 import promises, rights
from storage.backends.s3.client import S3Connection
from storage.backends.s3.config import read_config
from storage.backends.s3.errors import told, translated
from storage.backends.s3.reader import S3Reader
from storage.backends.s3.signer import MAX_SECONDS, QuerySigner
from storage.backends.s3.writer import CONTENT_TYPE, S3Writer
from storage.backends.types import ListedObject, Listing, ObjectStat, PresignedRequest
from storage.errors import InvalidArgument

MAX_SINGLE_PUT = 5 << 30
"""Bytes of the largest object that S3 takes in one request."""
_MAX_KEY = 1024
_MAX_LISTED = 1000
_AT_ONCE = 16
"""Questions to the store at a time, of one batch."""


class S3Backend(StorageBackend):
    """``{"bucket": ...}`` and what ``S3Config`` has besides."""

    supports_checksum: ClassVar[bool] = True
    supports_listing: ClassVar[bool] = True
    secret_settings: ClassVar[frozenset[str]] = frozenset({"secret_access_key", "session_token"})
    access_settings: ClassVar[frozenset[str]] = secret_settings | {
        "access_key_id", "addressing_style", "direct", "public_endpoint_url", "region"
    }  # fmt: skip

    def __init__(self, *, backend_config: Mapping[str, Any] | None = None) -> None:
        super().__init__(backend_config=backend_config)
        found = read_config(self.config)
        self._connection = S3Connection(found)
        self._bucket = found.bucket
        self._prefix = f"{found.prefix}/" if found.prefix else ""
        self.supports_presigned_get = self.supports_presigned_put = found.direct

    def open_writer(self, key: str) -> ObjectWriter:
        """Begin an object; the store hears of it with the first whole part, or at ``commit``."""
        return S3Writer(self._connection, self._full(key))

    def open_reader(self, key: str) -> ObjectReader:
        """Ask for the size; the bytes come with the first ``read``."""
        return S3Reader(self._connection.bytes, self._bucket, self._full(key), self.stat(key).size)

    def stat(self, key: str) -> ObjectStat:
        """Ask for size, time and SHA-256: one HEAD, no bytes.

        There is no SHA-256 of what came in parts, and of what calls itself encoded: a client would see other bytes.
        """
        full = self._full(key)
        with translated(full):
            found = self._connection.steady.head_object(Bucket=self._bucket, Key=full, ChecksumMode="ENABLED")
        checksum = "" if found.get("ContentEncoding") else found.get("ChecksumSHA256", "")
        return ObjectStat(told(found, "ContentLength"), _hex(checksum), told(found, "LastModified").astimezone(UTC))

    def stat_all(self, keys: list[str]) -> dict[str, ObjectStat | None]:
        """As the base's, some at a time: a batch of a hundred takes the time of seven."""
        if len(keys) < 2:
            return super().stat_all(keys)
        with ThreadPoolExecutor(min(_AT_ONCE, len(keys)), thread_name_prefix="s3-stat") as pool:
            waiting = [pool.submit(super(S3Backend, self).stat_all, [key]) for key in keys]
            try:
                return {key: found for each in waiting for key, found in each.result().items()}
            finally:
                # Where the store is away, the first to notice is enough.
                pool.shutdown(cancel_futures=True)

    def delete(self, name: str) -> None:
        """Delete; an absent object is fine."""
        full = self._full(name)
        with translated():
            self._connection.steady.delete_object(Bucket=self._bucket, Key=full)

    def copy(self, source: str, target: str) -> None:
        """Copy within the store (up to 5 GiB); raises FileNotFoundError, Conflict."""
        old, new = self._full(source), self._full(target)
        with translated(old):
            self._connection.once.copy_object(
                Bucket=self._bucket, Key=new, CopySource={"Bucket": self._bucket, "Key": old}, IfNoneMatch="*"
            )

    def keys(self) -> Iterator[str]:
        """List the bucket, a thousand keys to a request."""
        with translated():
            for page in self._connection.steady.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix
            ):
                for found in page.get("Contents", []):
                    yield found["Key"][len(self._prefix) :]

    def listing(self, *, after: str, limit: int) -> Listing:
        """One request, of a thousand keys at most. S3 orders keys by their bytes, SeaweedFS by its folders."""
        with translated():
            page = self._connection.steady.list_objects_v2(
                Bucket=self._bucket,
                Prefix=self._prefix,
                StartAfter=self._prefix + after if after else "",
                MaxKeys=min(limit, _MAX_LISTED),
            )
        found = [
            ListedObject(each["Key"][len(self._prefix) :], each["LastModified"].astimezone(UTC))
            for each in page.get("Contents", [])
        ]
        return Listing(found, more=page.get("IsTruncated", False))

    def remove_stale(self, before: datetime) -> int:
        """Give up multipart uploads that began before ``before``."""
        removed, steady = 0, self._connection.steady
        with translated():
            for page in steady.get_paginator("list_multipart_uploads").paginate(
                Bucket=self._bucket, Prefix=self._prefix
            ):
                for found in page.get("Uploads", []):
                    if found["Initiated"] < before:
                        steady.abort_multipart_upload(Bucket=self._bucket, Key=found["Key"], UploadId=found["UploadId"])
                        removed += 1
        return removed

    def probe(self) -> None:
        """List one key: that needs the address, the keys, the clock and the bucket, and the answer has a reason."""
        with translated():
            self._connection.steady.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, MaxKeys=1)

    def verify(self, *, now: datetime) -> None:
        """Ask the store as ``probe`` does, try each right that is needed, and what our links rely on."""
        self.probe()
        rights.verify(self)
        if self.supports_presigned_put:
            promises.verify(self, partial(self._signed_put, now=now, public=False))

    def presigned_get(
        self, key: str, *, expires_in: int, now: datetime, content_type: str = "", disposition: str = ""
    ) -> PresignedRequest | None:
        """Sign a GET. No network; about 10 microseconds."""
        if not self.supports_presigned_get:
            return None
        query = {"response-cache-control": "private, no-cache"}
        if content_type:
            query["response-content-type"] = content_type
        if disposition:
            query["response-content-disposition"] = disposition
        return self._signed(self._connection.signer(), "GET", key, query, {}, expires_in, now)

    def takes_presigned_put(self, *, size: int) -> bool:
        """Up to 5 GiB: S3 takes no more in one request."""
        return self.supports_presigned_put and size <= MAX_SINGLE_PUT

    def presigned_put(
        self, key: str, *, size: int, sha256: str, expires_in: int, now: datetime
    ) -> PresignedRequest | None:
        """Sign a PUT of exactly these bytes to a free key; None without a SHA-256, and above 5 GiB."""
        if not sha256 or not self.takes_presigned_put(size=size):
            return None
        return self._signed_put(key, size=size, sha256=sha256, expires_in=expires_in, now=now)

    def _signed_put(
        self, key: str, *, size: int, sha256: str, expires_in: int, now: datetime, public: bool = True
    ) -> PresignedRequest:
        """Sign a PUT that binds length, type, SHA-256 and the condition that the key be free.

        The length is not among the headers to send: a client sends it anyway, and a browser does not let a page do it.
        ``public`` links are for the address that clients use, others for the one that we use.
        """
        headers = {
            "content-type": CONTENT_TYPE,
            "if-none-match": "*",
            "x-amz-checksum-sha256": b64encode(bytes.fromhex(sha256)).decode(),
        }
        signer = self._connection.signer(public=public)
        made = self._signed(signer, "PUT", key, {}, {**headers, "content-length": str(size)}, expires_in, now)
        return replace(made, headers=headers)

    def _signed(
        self,
        signer: QuerySigner,
        method: str,
        key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        expires_in: int,
        now: datetime,
    ) -> PresignedRequest:
        full = self._full(key)
        credentials, ends = self._connection.credentials()
        seconds = _life(expires_in, now, ends)
        url = signer.sign(method, full, credentials, query=query, headers=headers, expires_in=seconds, now=now)
        # The store counts from the whole second in which the link was signed.
        return PresignedRequest(method, url, now.replace(microsecond=0) + timedelta(seconds=seconds), headers)

    def _full(self, key: str) -> str:
        full = self._prefix + check_key(key)
        try:
            fits = len(full.encode()) <= _MAX_KEY
        except UnicodeEncodeError:
            fits = False
        if not fits:
            raise InvalidArgument("This is not a key of an object.")
        return full


def _life(expires_in: int, now: datetime, ends: datetime | None) -> int:
    """Return the seconds that a link lives: no longer than S3 grants, and than the keys it is signed with."""
    longest = MAX_SECONDS if ends is None else min(MAX_SECONDS, int((ends - now).total_seconds()))
    return max(1, min(expires_in, longest))


def _hex(checksum: str) -> str | None:
    """Return a checksum of the whole object in hex; None for one of parts ("...-3") and for none."""
    try:
        raw = b64decode(checksum, validate=True)
    except Base64Error:
        return None
    return raw.hex() if len(raw) == 32 else None
