"""What a store or the way to it says, as the errors of storage.

A client reads one sentence that is safe to show to anybody. The reason is for the administrator: one sentence in the
log, at set-up and at start, which names the part of the configuration that is to blame and never a secret.
"""

from __future__ import annotations

import logging
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ReadTimeoutError,
    SSLError,
)

from storage.errors import BackendFull, BackendUnavailable, Conflict

logger = logging.getLogger("filegraph.storage")

_ABSENT = {"NoSuchKey", "404", "NotFound"}
_TAKEN = {"PreconditionFailed", "412"}
_BUSY = {"ConditionalRequestConflict", "OperationAborted"}
_FULL = {"InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "507", "ServiceQuotaExceeded"}

# Code of the store -> (part of the configuration, sentence). "{code}" is the code.
_REASONS: Mapping[str, tuple[str, str]] = {
    "NoSuchBucket": ("bucket", "There is no bucket of this name."),
    "InvalidBucketName": ("bucket", "The store refuses this name of a bucket."),
    "InvalidAccessKeyId": ("access_key_id", "The store does not know this access key."),
    "SignatureDoesNotMatch": ("secret_access_key", "The secret does not belong to the access key."),
    "InvalidToken": ("session_token", "The store does not take the session token."),
    "ExpiredToken": ("session_token", "The session token has expired."),
    "AccessDenied": ("access_key_id", "The access key may not do this in the bucket."),
    "403": ("access_key_id", "The access key may not do this in the bucket."),
    "AllAccessDisabled": ("access_key_id", "The store has closed the bucket."),
    "RequestTimeTooSkewed": ("clock", "The clock of this machine and that of the store differ by over 15 minutes."),
    "AuthorizationHeaderMalformed": ("region", "The bucket is in another region."),
    "PermanentRedirect": ("region", "The bucket is in another region."),
    "301": ("region", "The bucket is in another region."),
    "IllegalLocationConstraintException": ("region", "The bucket is in another region."),
}
_RIGHTS: Mapping[str, str] = {
    "PutObject": "s3:PutObject, to write into the bucket",
    "CreateMultipartUpload": "s3:PutObject, to write into the bucket",
    "UploadPart": "s3:PutObject, to write into the bucket",
    "CompleteMultipartUpload": "s3:PutObject, to write into the bucket",
    "AbortMultipartUpload": "s3:AbortMultipartUpload, to give up what was begun in the bucket",
    "GetObject": "s3:GetObject, to read from the bucket",
    "DeleteObject": "s3:DeleteObject, to delete from the bucket",
    "ListObjectsV2": "s3:ListBucket, to list the bucket",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads, to list what was begun in the bucket",
}
"""Question to the store -> the right that it needs. A refusal without a body may mean the key itself."""
_BROKEN = "The connection to the store broke."
_UNREACHABLE = "The store does not answer at this address."
_WAYS: tuple[tuple[type[Exception], str, str], ...] = (
    (NoCredentialsError, "access_key_id", "There is no access key, neither here nor where boto3 looks."),
    (PartialCredentialsError, "secret_access_key", "The access key has no secret."),
    (NoRegionError, "region", "No region is set, neither here nor where boto3 looks."),
    (SSLError, "endpoint_url", "The certificate of the store cannot be verified."),
    (ConnectTimeoutError, "endpoint_url", _UNREACHABLE),
    (EndpointConnectionError, "endpoint_url", _UNREACHABLE),
    (ReadTimeoutError, "endpoint_url", "The store takes too long to answer."),
    (HTTPClientError, "endpoint_url", _BROKEN),
    (IncompleteReadError, "endpoint_url", _BROKEN),
)


@contextmanager
def translated(key: str = "") -> Iterator[None]:
    """Turn what boto3 raises into Conflict, BackendFull or BackendUnavailable; with ``key``, into FileNotFoundError
    where there is no such object."""
    try:
        yield
    except ClientError as error:
        raise _of_answer(error, key) from error
    except (BotoCoreError, OSError) as error:
        raise _of_way(error) from error


def code_of(error: ClientError) -> str:
    """Return the store's code: a word, or for an answer without a body the number of its status."""
    return str(error.response.get("Error", {}).get("Code", "")) or str(_status(error))


def told(answer: Mapping[str, Any], name: str) -> Any:
    """Return what an answer says under a name. boto3 leaves out what a stranger at the address does not say: then
    BackendUnavailable is raised."""
    if name not in answer:
        raise _unavailable("endpoint_url", f"What answers at this address is no store: it tells no {name}.")
    return answer[name]


def is_busy(error: ClientError) -> bool:
    """Tell whether another request for the same key was under way: the same request may be sent again."""
    return code_of(error) in _BUSY


def lacking(operation: str) -> BackendUnavailable:
    """Return the error for a key that may not do an operation of S3, such as ``GetObject``."""
    return _unavailable("access_key_id", f"The access key lacks the right {_RIGHTS[operation]}.")


def _of_answer(error: ClientError, key: str) -> Exception:
    code, status = code_of(error), _status(error)
    if key and code in _ABSENT:
        return FileNotFoundError(key)
    if code in _TAKEN:
        return Conflict("The store has an object under this key already.")
    if code in _FULL or status == 507:
        return BackendFull(reason="The store has no space left.")
    if code == "AccessDenied" and error.operation_name in _RIGHTS:
        return lacking(error.operation_name)
    if code in _REASONS:
        return _unavailable(*_REASONS[code])
    if status >= 500:
        return _unavailable("", f"The store answered with an error of its own ({_plain(code)}).")
    return _unavailable("", f"The store refused the request ({_plain(code)}).")


def _of_way(error: Exception) -> BackendUnavailable:
    for kind, setting, sentence in _WAYS:
        if isinstance(error, kind):
            return _unavailable(setting, sentence)
    return _unavailable("", f"The store cannot be used ({type(error).__name__}).")


def _unavailable(setting: str, reason: str) -> BackendUnavailable:
    logger.warning("S3: %s", reason)
    return BackendUnavailable(reason=reason, setting=setting)


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _plain(code: str) -> str:
    """Return a code as far as it is one: what a foreign server sends does not go into a log as it is."""
    return "".join(char for char in code[:60] if char in string.ascii_letters + string.digits) or "no code"
