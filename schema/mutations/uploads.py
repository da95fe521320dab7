"""Uploads: begin, finalize, abort; one at a time or up to 100."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

from collections.abc import Sequence

import strawberry

from schema.context import Context, Info
from schema.descriptions import mutation
from schema.errors import INPUT, UserError, user_error
from schema.ids import InvalidId, Kind, decode_as, node_ref
from schema.loaders.node_page import NodePage
from schema.loaders.upload_page import UploadPage
from schema.mutations.outcome import ERRORS, outcome, too_many
from schema.scalars import SHA256, BigInt
from schema.types.file import File
from schema.types.upload import ConflictPolicy, Upload
from storage import models
from storage.errors import StorageError
from storage.models import NodeKind
from storage.services import uploads

_UPLOAD = "uploadId"


@strawberry.input(description="Bytes to bring in as a file.")
class BeginUploadInput:
    """What a client knows beforehand."""

    parent_id: strawberry.ID = strawberry.field(description="The drive or folder to put the file in.")
    name: str = strawberry.field(description="The file's name there.")
    size: BigInt = strawberry.field(description="Number of its bytes; other numbers are refused.")
    content_type: str | None = strawberry.field(
        default=None, description="What the client takes it for. A hint: the bytes decide."
    )
    sha256: SHA256 | None = strawberry.field(
        default=None, description="The SHA-256 of the bytes; others are refused, and known ones need not be sent."
    )
    on_conflict: ConflictPolicy = strawberry.field(
        default=ConflictPolicy.FAIL, description="What to do when the name is taken."
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="1 to 100 characters of the client's choice: the same key and input give the same upload again.",
    )


@strawberry.type(description="The result of `beginUpload`.")
class BeginUploadPayload:
    """The upload, or why there is none."""

    upload: Upload | None = strawberry.field(description="The upload; its transport says how to send the bytes.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.input(description="Bytes to bring in as files.")
class BeginUploadsInput:
    """A batch."""

    uploads: list[BeginUploadInput] = strawberry.field(description="Up to 100 uploads to begin.")


@strawberry.type(description="The result of `beginUploads`.")
class BeginUploadsPayload:
    """A result for each upload."""

    results: list[BeginUploadPayload] = strawberry.field(description="One result for each upload, in their order.")
    errors: list[UserError] = strawberry.field(description="Why nothing at all was done; empty when it was.")


@strawberry.input(description="An upload whose bytes have been sent.")
class FinalizeUploadInput:
    """Which one."""

    upload_id: strawberry.ID = strawberry.field(description="The upload.")
    sha256: SHA256 | None = strawberry.field(
        default=None, description="The SHA-256 of the bytes; the upload fails when others arrived."
    )


@strawberry.type(description="The result of `finalizeUpload`.")
class FinalizeUploadPayload:
    """The file, or why there is none."""

    file: File | None = strawberry.field(
        description="The file; null also for somebody who may upload into the folder but not see what lies there."
    )
    upload: Upload | None = strawberry.field(description="The upload, at its end.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.input(description="Uploads whose bytes have been sent.")
class FinalizeUploadsInput:
    """A batch."""

    uploads: list[FinalizeUploadInput] = strawberry.field(description="Up to 100 uploads to finalize.")


@strawberry.type(description="The result of `finalizeUploads`.")
class FinalizeUploadsPayload:
    """A result for each upload."""

    results: list[FinalizeUploadPayload] = strawberry.field(description="One result for each upload, in their order.")
    errors: list[UserError] = strawberry.field(description="Why nothing at all was done; empty when it was.")


@strawberry.input(description="An upload to give up.")
class AbortUploadInput:
    """Which one."""

    upload_id: strawberry.ID = strawberry.field(description="The upload.")


@strawberry.type(description="The result of `abortUpload`.")
class AbortUploadPayload:
    """The upload, or why it goes on."""

    upload: Upload | None = strawberry.field(description="The upload, ended.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


def _places(inputs: Sequence[object]) -> list[tuple[str, ...]]:
    """Return where each of a batch stands in its input."""
    return [(*INPUT, "uploads", str(index)) for index in range(len(inputs))]


def _begin(
    context: Context, inputs: Sequence[BeginUploadInput], at: Sequence[tuple[str, ...]]
) -> list[BeginUploadPayload]:
    """Begin in one call to the service; an id that names nothing has its own error and disturbs nobody.

    ``at`` says where each stands in the input of the mutation.
    """
    results: list[BeginUploadPayload | None] = [None] * len(inputs)
    requests: list[uploads.BeginRequest] = []
    places: list[int] = []
    for index, given in enumerate(inputs):
        try:
            requests.append(_begin_request(given))
            places.append(index)
        except InvalidId as error:
            results[index] = _not_begun(error, at[index])
    answers = uploads.begin(context.actor, context.user_id, requests, now=context.now)
    started = [found for found in answers if not isinstance(found, StorageError)]
    plans = {found.upload.id: found.transport for found in started}
    page = UploadPage(context.viewer, [found.upload for found in started], plans)
    for index, found in zip(places, answers, strict=True):
        if isinstance(found, StorageError):
            results[index] = _not_begun(found, at[index])
        else:
            results[index] = BeginUploadPayload(upload=Upload(row=found.upload, page=page), errors=[])
    return [result for result in results if result is not None]


def _not_begun(error: StorageError | InvalidId, at: tuple[str, ...]) -> BeginUploadPayload:
    return BeginUploadPayload(upload=None, errors=[user_error(error, (*at, "parentId"), at)])


def _begin_request(given: BeginUploadInput) -> uploads.BeginRequest:
    parent = node_ref(given.parent_id, Kind.DRIVE, Kind.FOLDER)
    return uploads.BeginRequest(
        parent_id=parent.id,
        name=given.name,
        size=given.size,
        content_type=given.content_type or "",
        sha256=given.sha256 or "",
        on_conflict=models.ConflictPolicy(given.on_conflict.value),
        idempotency_key=given.idempotency_key,
        parent_kind="drive" if parent.kind is NodeKind.DRIVE else "folder",
    )


def _finalize(
    context: Context, inputs: Sequence[FinalizeUploadInput], at: Sequence[tuple[str, ...]]
) -> list[FinalizeUploadPayload]:
    results: list[FinalizeUploadPayload | None] = [None] * len(inputs)
    requests: list[uploads.FinalizeRequest] = []
    places: list[int] = []
    for index, given in enumerate(inputs):
        try:
            requests.append(uploads.FinalizeRequest(decode_as(given.upload_id, Kind.UPLOAD), given.sha256 or ""))
            places.append(index)
        except InvalidId as error:
            results[index] = _not_finalized(error, at[index])
    answers = uploads.finalize(context.actor, requests, now=context.now)
    rows = [found.file for found in answers if not isinstance(found, StorageError) and found.file is not None]
    page = UploadPage(context.viewer, [found.upload for found in answers if not isinstance(found, StorageError)])
    files_page = NodePage(context.viewer, rows)
    files = {row.id: File(row=row, page=files_page) for row in rows}
    for index, found in zip(places, answers, strict=True):
        if isinstance(found, StorageError):
            results[index] = _not_finalized(found, at[index])
        else:
            file = files[found.file.id] if found.file is not None else None
            upload = Upload(row=found.upload, page=page, made=file)
            results[index] = FinalizeUploadPayload(file=file, upload=upload, errors=[])
    return [result for result in results if result is not None]


def _not_finalized(error: StorageError | InvalidId, at: tuple[str, ...]) -> FinalizeUploadPayload:
    """Return the refusal; the fields that the error may name were those of ``beginUpload``."""
    return FinalizeUploadPayload(file=None, upload=None, errors=[user_error(error, (*at, _UPLOAD), fields=None)])


@strawberry.type
class UploadMutations:
    """Part of the root."""

    @mutation("Announce bytes, and learn how to send them.")
    def begin_upload(self, info: Info, input: BeginUploadInput) -> BeginUploadPayload:
        return _begin(info.context, [input], [INPUT])[0]

    @mutation("Announce the bytes of up to 100 files at once.")
    def begin_uploads(self, info: Info, input: BeginUploadsInput) -> BeginUploadsPayload:
        if error := too_many(input.uploads, "uploads"):
            return BeginUploadsPayload(results=[], errors=[error])
        return BeginUploadsPayload(results=_begin(info.context, input.uploads, _places(input.uploads)), errors=[])

    @mutation("Make a file of bytes that were sent. Doing it again gives the same answer.")
    def finalize_upload(self, info: Info, input: FinalizeUploadInput) -> FinalizeUploadPayload:
        return _finalize(info.context, [input], [INPUT])[0]

    @mutation("Make files of the bytes of up to 100 uploads at once.")
    def finalize_uploads(self, info: Info, input: FinalizeUploadsInput) -> FinalizeUploadsPayload:
        if error := too_many(input.uploads, "uploads"):
            return FinalizeUploadsPayload(results=[], errors=[error])
        return FinalizeUploadsPayload(results=_finalize(info.context, input.uploads, _places(input.uploads)), errors=[])

    @mutation("Give up an upload that is not a file yet.")
    def abort_upload(self, info: Info, input: AbortUploadInput) -> AbortUploadPayload:
        context = info.context
        row, errors = outcome(
            lambda: uploads.abort(context.actor, decode_as(input.upload_id, Kind.UPLOAD), now=context.now),
            (*INPUT, _UPLOAD),
        )
        return AbortUploadPayload(
            upload=Upload(row=row, page=UploadPage(context.viewer, [row])) if row else None, errors=errors
        )
