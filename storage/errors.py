"""Everything that can go wrong in storage, as one tree with stable codes.

    StorageError
    ├── NotFound                     absent, or not yours: one answer
    ├── PermissionDenied             visible to the actor, but this she may not do
    ├── InvalidName                  a name that cannot be kept (control characters, separators, too long, empty)
    ├── InvalidArgument              an argument outside its documented range
    │   └── InvalidCursor            not a cursor of this list
    ├── NameTaken                    the folder has a child of that name already
    ├── Conflict                     the change does not fit the present state
    │   ├── MoveIntoItself           a folder cannot go below itself
    │   ├── CrossDriveMove           moves stay within one drive
    │   └── TooDeep                  the tree has a depth limit
    ├── QuotaExceeded                the drive has no room for these bytes
    ├── DriveReadOnly                archived drive or read-only backend
    ├── UploadError
    │   ├── UploadExpired            the upload's time is over
    │   ├── UploadAborted            somebody aborted it
    │   ├── UploadFailed             an earlier attempt ended it for good; begin a new one
    │   ├── UploadIncomplete         finalize came before all bytes did
    │   ├── UploadSuperseded         a newer PUT of the same upload took over
    │   ├── UploadAlreadyReceived    the bytes have arrived; the URL is spent
    │   ├── SizeMismatch             more or fewer bytes than declared
    │   ├── ChecksumMismatch         other bytes than declared
    │   ├── FileTooLarge             above the limit for one file
    │   └── TooManyUploads           too many open uploads of one actor
    ├── InvalidToken                 a signed URL that is not valid (forged, of another kind, mangled)
    │   └── TokenExpired             a signed URL whose time is over
    ├── BackendUnavailable           the store did not do what it was asked; retryable
    │   └── BackendFull              no space left on the store
    └── DatabaseUnavailable          the database cannot be reached or ended the session; retryable
        └── DatabaseBusy             others hold what was asked for, for too long; retryable

Codes are stable: class attribute = GraphQL ``ErrorCode`` value = ``docs/errors/<CODE>.md``. No HTTP status here.
"""

from __future__ import annotations

from collections.abc import Sequence


class StorageError(Exception):
    """Base of all; do not raise directly. ``message`` is one clear sentence, safe to show to anybody.

    ``path`` is the field that the error is about, outermost first, in the words of the API; empty where there is none.
    """

    code = "STORAGE_ERROR"
    retryable = False
    default_message = "The request could not be carried out."
    default_path: Sequence[str] = ()

    def __init__(self, message: str | None = None, *, path: Sequence[str] = ()) -> None:
        self.message = message or self.default_message
        self.path = tuple(path or self.default_path)
        super().__init__(self.message)


class NotFound(StorageError):
    """Absent, or not visible to the actor."""

    code = "NOT_FOUND"
    default_message = "There is nothing here that you can see."


class PermissionDenied(StorageError):
    """The actor sees the object but may not do this to it."""

    code = "PERMISSION_DENIED"
    default_message = "You may not do this."


class InvalidName(StorageError):
    """The name cannot be kept."""

    code = "INVALID_NAME"
    default_path = ("name",)


class InvalidArgument(StorageError):
    """An argument is outside its documented range."""

    code = "INVALID_ARGUMENT"


class InvalidCursor(InvalidArgument):
    """The cursor was not made by this list."""

    code = "INVALID_CURSOR"
    default_message = "This cursor does not belong to this list."


class NameTaken(StorageError):
    """The folder has a child of that name already."""

    code = "NAME_TAKEN"
    default_message = "The folder already has an item of this name."
    default_path = ("name",)


class Conflict(StorageError):
    """The change does not fit the present state."""

    code = "CONFLICT"


class MoveIntoItself(Conflict):
    """A folder cannot be moved below itself."""

    code = "MOVE_INTO_ITSELF"
    default_message = "A folder cannot be moved into itself."
    default_path = ("parentId",)


class CrossDriveMove(Conflict):
    """Moves stay within one drive."""

    code = "CROSS_DRIVE_MOVE"
    default_message = "An item can only be moved within its drive."
    default_path = ("parentId",)


class TooDeep(Conflict):
    """The folder tree would grow beyond its depth limit."""

    code = "TOO_DEEP"
    default_path = ("parentId",)


class QuotaExceeded(StorageError):
    """The drive has no room for these bytes."""

    code = "QUOTA_EXCEEDED"
    default_message = "The drive has no room for this."
    default_path = ("size",)


class DriveReadOnly(StorageError):
    """The drive is archived or its backend is read-only."""

    code = "DRIVE_READ_ONLY"
    default_message = "This drive takes no changes."


class UploadError(StorageError):
    """Base of what can go wrong with an upload; do not raise directly."""

    code = "UPLOAD_ERROR"


class UploadExpired(UploadError):
    """The upload's time is over."""

    code = "UPLOAD_EXPIRED"
    default_message = "The upload has expired; begin a new one."


class UploadAborted(UploadError):
    """The upload was aborted."""

    code = "UPLOAD_ABORTED"
    default_message = "The upload was aborted; begin a new one."


class UploadFailed(UploadError):
    """An earlier attempt ended the upload for good."""

    code = "UPLOAD_FAILED"
    default_message = "The upload has failed; begin a new one."


class UploadIncomplete(UploadError):
    """Not all bytes have arrived yet."""

    code = "UPLOAD_INCOMPLETE"
    default_message = "Not all bytes have arrived yet."
    retryable = True


class UploadSuperseded(UploadError):
    """A newer PUT of the same upload took over."""

    code = "UPLOAD_SUPERSEDED"
    default_message = "A newer attempt to send these bytes took over."


class UploadAlreadyReceived(UploadError):
    """The bytes have arrived already; the URL is spent."""

    code = "UPLOAD_ALREADY_RECEIVED"
    default_message = "The bytes of this upload have already arrived."


class SizeMismatch(UploadError):
    """More or fewer bytes than declared."""

    code = "SIZE_MISMATCH"


class ChecksumMismatch(UploadError):
    """The bytes do not have the declared SHA-256."""

    code = "CHECKSUM_MISMATCH"
    default_message = "The bytes do not have the declared SHA-256."


class FileTooLarge(UploadError):
    """The file is above the limit for one file."""

    code = "FILE_TOO_LARGE"
    default_path = ("size",)


class TooManyUploads(UploadError):
    """The actor has too many open uploads."""

    code = "TOO_MANY_UPLOADS"
    default_message = "You have too many open uploads; finalize or abort some first."
    retryable = True


class InvalidToken(StorageError):
    """A signed URL that is not valid."""

    code = "INVALID_TOKEN"
    default_message = "This link is not valid."


class TokenExpired(InvalidToken):
    """A signed URL whose time is over."""

    code = "TOKEN_EXPIRED"
    default_message = "This link has expired."


class BackendUnavailable(StorageError):
    """The store did not do what it was asked.

    ``message`` is for everybody. ``reason`` is one sentence for the administrator, without a secret, and ``setting``
    the key of the store's configuration that is to blame; both may be empty.
    """

    code = "BACKEND_UNAVAILABLE"
    default_message = "The store cannot be reached at the moment."
    retryable = True

    def __init__(
        self, message: str | None = None, *, path: Sequence[str] = (), reason: str = "", setting: str = ""
    ) -> None:
        super().__init__(message, path=path)
        self.reason = reason
        self.setting = setting


class BackendFull(BackendUnavailable):
    """The store has no space left."""

    code = "BACKEND_FULL"
    default_message = "The store has no space left."


class DatabaseUnavailable(StorageError):
    """The database cannot be reached, or it ended the session. What was being changed may or may not have been kept."""

    code = "DATABASE_UNAVAILABLE"
    retryable = True
    default_message = "The database is not available at the moment; try again."


class DatabaseBusy(DatabaseUnavailable):
    """The database gave the work up: others held what it needed, or it took too long."""

    code = "DATABASE_BUSY"
    default_message = "Too much is going on at the moment; try again."
