"""What the byte plane itself refuses, and the one table from errors to HTTP status codes.

    TransferError
    ├── BadRequest               headers that contradict each other or ask for what is not offered
    ├── MethodNotAllowed         the path is known, the method is not
    ├── LengthRequired           a body without Content-Length
    ├── BodyTooSlow              the body stalled or came slower than the minimum rate
    ├── PreconditionFailed       If-Match or If-Unmodified-Since does not hold
    ├── RangeNotSatisfiable      the range has no byte in common with the file
    └── InternalError            something that should not happen; the log has it under the request id

Everything else that can go wrong is an error of ``storage.errors`` or ``authz.errors``, whose classes know nothing of
HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from authz import errors as authz
from storage import errors as storage


class TransferError(Exception):
    """Base of all; do not raise directly. ``message`` is one clear sentence, safe to show to anybody."""

    code = "TRANSFER_ERROR"
    retryable = False
    default_message = "The request could not be carried out."

    def __init__(self, message: str | None = None) -> None:
        self.message = message or self.default_message
        super().__init__(self.message)


class BadRequest(TransferError):
    """Headers that contradict each other or ask for what is not offered."""

    code = "BAD_REQUEST"


class MethodNotAllowed(TransferError):
    """The path is known, the method is not. ``allow``: the methods it has, as in the header Allow."""

    code = "METHOD_NOT_ALLOWED"
    default_message = "This address does not take this method."

    def __init__(self, allow: str) -> None:
        super().__init__()
        self.allow = allow


class LengthRequired(TransferError):
    """A body without Content-Length."""

    code = "LENGTH_REQUIRED"
    default_message = "Send the length of the body as Content-Length; a chunked body is not taken."


class BodyTooSlow(TransferError):
    """The body stalled or came slower than the minimum rate."""

    code = "BODY_TOO_SLOW"
    default_message = "The body came too slowly; send it again."
    retryable = True


class PreconditionFailed(TransferError):
    """If-Match or If-Unmodified-Since does not hold."""

    code = "PRECONDITION_FAILED"
    default_message = "The file is not in the state that the request requires."


class RangeNotSatisfiable(TransferError):
    """The range has no byte in common with the file, which has ``size`` bytes."""

    code = "RANGE_NOT_SATISFIABLE"
    default_message = "The file has no bytes in this range."

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size


class InternalError(TransferError):
    """Something that should not happen; the log has it under the request id."""

    code = "INTERNAL_ERROR"
    default_message = "Something went wrong on our side."
    retryable = True


Refusal = TransferError | storage.StorageError | authz.AuthzError
"""What may be shown to a client as it is."""

STATUS: Mapping[type[Exception], int] = MappingProxyType(
    {
        BadRequest: 400,
        MethodNotAllowed: 405,
        LengthRequired: 411,
        BodyTooSlow: 408,
        PreconditionFailed: 412,
        RangeNotSatisfiable: 416,
        InternalError: 500,
        TransferError: 400,
        storage.NotFound: 404,
        storage.PermissionDenied: 403,
        storage.InvalidName: 400,
        storage.InvalidArgument: 400,
        storage.NameTaken: 409,
        storage.Conflict: 409,
        storage.QuotaExceeded: 507,
        storage.DriveReadOnly: 403,
        storage.UploadExpired: 410,
        storage.UploadAborted: 410,
        storage.UploadFailed: 410,
        storage.UploadIncomplete: 409,
        storage.UploadSuperseded: 409,
        storage.UploadAlreadyReceived: 409,
        storage.SizeMismatch: 400,
        storage.ChecksumMismatch: 400,
        storage.FileTooLarge: 413,
        storage.TooManyUploads: 429,
        storage.InvalidToken: 403,
        storage.BackendUnavailable: 503,
        storage.BackendFull: 507,
        storage.DatabaseUnavailable: 503,
        storage.StorageError: 400,
        # Not the client's fault, any of them: she sent a token, and we could not find out what it is worth.
        authz.AuthorizationUnavailable: 503,
        authz.ResolutionTooComplex: 503,
        # Told as NotFound, see transfer.app: nobody could say that she may, and what she may not see is not there.
        authz.ConditionFailed: 404,
        authz.AuthzError: 500,
    }
)
"""Status code of an error class; a class that is not listed has its nearest base's."""


def status_of(error: Refusal) -> int:
    """The HTTP status code of ``error``."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
