"""Does a store keep what our links promise? Tried on the store itself, before the first file goes there.

Some stores that speak S3 take other bytes than a link names, or a second PUT: there anybody who was given a link could
change a file after it was published. Those have to be used with ``direct`` set to false.
"""

from __future__ import annotations

import os
import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeAlias, cast

from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

from storage.backends.base import StorageBackend
from storage.backends.s3.client import BYTES_SECONDS, CONNECT_SECONDS
from storage.backends.s3.errors import translated
from storage.backends.types import PresignedRequest
from storage.errors import BackendUnavailable

Sign: TypeAlias = Callable[..., PresignedRequest]
"""``sign(key, size=, sha256=, expires_in=)`` makes a link to PUT those bytes once, for the address that we use."""

_DATA = b"Filegraph tries what this store refuses."
_OTHER = b"Filegraph tries what this store refuses!"
_SIGNED: Mapping[str, Any] = {"size": len(_DATA), "sha256": sha256(_DATA).hexdigest(), "expires_in": 60}


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A request that differs from the one that was signed, and what a store would allow that takes it."""

    allows: str
    data: bytes = _OTHER
    headers: Mapping[str, str | None] | None = None


def _checksum(data: bytes) -> str:
    return b64encode(sha256(data).digest()).decode()


_ATTEMPTS = (
    _Attempt("other bytes"),
    _Attempt("other bytes", headers={"x-amz-checksum-sha256": _checksum(_OTHER)}),
    _Attempt("other bytes", headers={"x-amz-checksum-sha256": None}),
    _Attempt("another length", data=_DATA + b"."),
    _Attempt("another type", data=_DATA, headers={"content-type": "text/html"}),
    _Attempt("overwriting", data=_DATA, headers={"if-none-match": None}),
)


def verify(backend: StorageBackend, sign: Sign) -> None:
    """Raise BackendUnavailable with the reason unless the store refuses all that a link does not say.

    Writes one object of a few bytes below ``probe/`` and deletes it again. About ten requests.
    """
    key = f"probe/{secrets.token_hex(13)}"
    try:
        for attempt in _ATTEMPTS:
            if _send(sign(key, **_SIGNED), attempt.data, attempt.headers or {}) < 300:
                raise _refused(f"The store allows {attempt.allows} where a link does not.")
        status = _send(sign(key, **_SIGNED), _DATA, {})
        if status >= 300:
            raise _refused(f"The store refuses a signed PUT (HTTP {status}).")
        found = backend.stat(key)
        if (found.size, found.sha256) != (len(_DATA), sha256(_DATA).hexdigest()):
            raise _refused("The store does not tell the SHA-256 of what it holds.")
        if _send(sign(key, **_SIGNED), _DATA, {}) < 300:
            raise _refused("The store allows a second PUT by the same link.")
    finally:
        backend.discard(key, context="trying the store")


def _send(link: PresignedRequest, data: bytes, changed: Mapping[str, str | None]) -> int:
    """PUT ``data`` by a link that was made for ``_DATA``, and return the status."""
    headers = {name: value for name, value in {**link.headers, **changed}.items() if value is not None}
    request = AWSRequest(method=link.method, url=link.url, data=data, headers=headers)
    with translated():
        # The stubs leave out what the class takes: a file of certificates, and two times.
        session: Any = cast(Any, URLLib3Session)(
            verify=os.environ.get("AWS_CA_BUNDLE", True), timeout=(CONNECT_SECONDS, BYTES_SECONDS)
        )
        return int(session.send(request.prepare()).status_code)


def _refused(reason: str) -> BackendUnavailable:
    return BackendUnavailable(reason=f"{reason} Let all bytes pass through Filegraph instead.", setting="direct")
