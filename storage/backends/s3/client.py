"""The connection to a store: boto3's clients, the credentials, and the address that links are made of."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from storage.backends.s3.config import S3Config
from storage.backends.s3.errors import translated
from storage.backends.s3.signer import Credentials, QuerySigner
from storage.errors import BackendUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECT_SECONDS = 2
QUESTION_SECONDS = 5
"""Without a byte, until a question is given up. A store that hangs holds a thread for twice this, and a little."""
BYTES_SECONDS = 30
"""Likewise, for a part of an object in either direction."""
WRITE_SECONDS = 60
"""Likewise, for the write that makes an object: it is answered once the object is durable."""
_CONNECTIONS = 32
_PROBE_KEY = "x"


class S3Connection:
    """Clients for one bucket, and a signer. Threads may share it; nothing is asked of the store to make it.

    ``steady`` asks and deletes, ``bytes`` carries parts: both try twice. ``once`` tries once: a write with a condition
    that is sent again after a lost answer would be refused because of itself.
    """

    def __init__(self, config: S3Config) -> None:
        self.config = config
        self._session = boto3.session.Session(
            aws_access_key_id=config.access_key_id or None,
            aws_secret_access_key=config.secret_access_key or None,
            aws_session_token=config.session_token or None,
            region_name=config.region or None,
        )
        self.steady = self._client(QUESTION_SECONDS, attempts=2)
        self.bytes = self._client(BYTES_SECONDS, attempts=2)
        self.once = self._client(WRITE_SECONDS, attempts=1)
        self._signers: dict[str, QuerySigner] = {}

    def signer(self, *, public: bool = True) -> QuerySigner:
        """Return the signer of the address that clients use, or of the one that we use; each is made once.

        Raises BackendUnavailable.
        """
        endpoint_url = self.config.public_endpoint_url if public else ""
        made = self._signers.get(endpoint_url)
        if made is None:
            made = self._signers[endpoint_url] = self._signer_of(endpoint_url)
        return made

    def _signer_of(self, endpoint_url: str) -> QuerySigner:
        with translated():
            client = self.steady
            if endpoint_url:
                client = self._client(QUESTION_SECONDS, attempts=1, endpoint_url=endpoint_url)
            # boto3 knows all about styles, partitions and bucket names: one link of its own has the address.
            link = client.generate_presigned_url(
                "get_object", Params={"Bucket": self.config.bucket, "Key": _PROBE_KEY}, ExpiresIn=1
            )
            return QuerySigner(link.partition("?")[0].removesuffix(f"/{_PROBE_KEY}"), client.meta.region_name)

    def credentials(self) -> tuple[Credentials, datetime | None]:
        """Return the keys of this moment, and when they end if they do. Raises BackendUnavailable."""
        with translated():
            found: Any = self._session.get_credentials()
            frozen = found.get_frozen_credentials() if found is not None else None
        if frozen is None or not frozen.access_key or not frozen.secret_key:
            raise BackendUnavailable(reason="There is no access key.", setting="access_key_id")
        # boto3 tells the end of temporary keys to nobody else.
        ends: datetime | None = getattr(found, "_expiry_time", None)
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token or ""), ends

    def _client(self, read_seconds: int, *, attempts: int, endpoint_url: str = "") -> S3Client:
        config = Config(
            signature_version="s3v4",
            connect_timeout=CONNECT_SECONDS,
            read_timeout=read_seconds,
            retries={"total_max_attempts": attempts, "mode": "standard"},
            max_pool_connections=_CONNECTIONS,
            s3={"addressing_style": self.config.addressing_style},
            # What boto3 adds of itself since 1.36 some stores refuse; we name the checksum that we want.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        with translated():
            return self._session.client(
                "s3", endpoint_url=endpoint_url or self.config.endpoint_url or None, config=config
            )
