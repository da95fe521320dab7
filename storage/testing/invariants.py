"""Never lose, never lie: what must hold between rows and stores at any moment between two transactions.

    I1  a READY upload, a version and a blob agree; a blob's object is there, with its size and SHA-256
    I2  a file's columns describe its current version (what was acknowledged is what is shown)
    I3  an upload in a live state has not finished, one in any other state has
    I4  no object in a store without a blob, a tombstone or an upload that is being received or verified
    I5  no tombstone names the object of a blob; no blob is without a version
    I7  used bytes of a drive are the sum of its versions, reserved ones that of its live uploads and of what ended
        ones hold while links to the store live

I6 (tuples and rows agree) belongs to the services that write tuples. Reads every byte of every store: for tests and for
small installations.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from django.db.models import Sum

from storage import registry
from storage.backends.base import CHUNK, StorageBackend
from storage.models import LIVE_STATES, Backend, Blob, Drive, File, FileVersion, Tombstone, Upload, UploadState
from storage.services.uploads import states


def violations() -> list[str]:
    """Return one sentence for each violation; empty means that all holds. Call it while nothing is under way."""
    return [*_blobs(), *_versions(), *_uploads(), *_objects(), *_tombstones(), *_quota()]


def check() -> None:
    """Raise AssertionError with all violations."""
    found = violations()
    assert not found, "\n".join(found)


def digest(backend: StorageBackend, key: str) -> tuple[int, str]:
    """Return size and SHA-256 (hex) of an object by reading it; raises FileNotFoundError."""
    algorithm = hashlib.sha256()
    with backend.open_reader(key) as reader:
        for offset in range(0, reader.size, CHUNK):
            algorithm.update(reader.read(offset, CHUNK))
        return reader.size, algorithm.hexdigest()


def _blobs() -> Iterator[str]:
    for blob in Blob.objects.select_related("backend"):
        try:
            found = digest(registry.backend_for(blob.backend), blob.key)
        except FileNotFoundError:
            yield f"I1: the object of blob {blob.id} is missing"
        else:
            if found != (blob.size, blob.sha256):
                yield f"I1: the object of blob {blob.id} has other bytes"
    for blob_id in Blob.objects.filter(versions=None).values_list("id", flat=True):
        yield f"I5: blob {blob_id} has no version"


def _versions() -> Iterator[str]:
    for version in FileVersion.objects.select_related("blob", "file"):
        if version.blob.drive_id != version.file.drive_id:
            yield f"I1: version {version.id} uses a blob of another drive"
    for file in File.objects.select_related("current_version__blob"):
        current: FileVersion | None = file.current_version
        if current is None or current.file_id != file.id:
            yield f"I2: file {file.id} has no current version of its own"
            continue
        shown = (file.size, file.sha256, file.content_type)
        if shown != (current.blob.size, current.blob.sha256, current.content_type):
            yield f"I2: file {file.id} does not show its current version"
        newest = FileVersion.objects.filter(file=file.id).order_by("-number").values_list("id", flat=True).first()
        if newest != current.id:
            yield f"I2: file {file.id} does not show its newest version"


def _uploads() -> Iterator[str]:
    for upload in Upload.objects.all():
        if (upload.state in LIVE_STATES) != (upload.finished_at is None):
            yield f"I3: upload {upload.id} is {upload.state} and finished_at is {upload.finished_at}"
        if upload.state in (UploadState.VERIFYING, UploadState.READY):
            if upload.received_size != upload.declared_size or not upload.received_sha256:
                yield f"I1: upload {upload.id} is {upload.state} without its bytes"
            elif upload.declared_sha256 not in ("", upload.received_sha256):
                yield f"I1: upload {upload.id} is {upload.state} with other bytes than declared"


def _objects() -> Iterator[str]:
    for backend in Backend.objects.all():
        accounted = set(Blob.objects.filter(backend=backend).values_list("key", flat=True))
        accounted |= set(Tombstone.objects.filter(backend=backend).values_list("key", flat=True))
        for upload in Upload.objects.filter(drive__backend=backend, state__in=LIVE_STATES).select_related("drive"):
            key = states.owned_key(upload, upload.drive)
            if key is not None:
                accounted.add(key)
        driver = registry.backend_for(backend)
        for key in list(driver.keys()):
            if key not in accounted:
                yield f"I4: nobody accounts for object {key} in {backend.name}"
        for upload in Upload.objects.filter(
            drive__backend=backend, state=UploadState.VERIFYING, attempt__gt=0
        ).select_related("drive"):
            try:
                found = digest(driver, states.key_of(upload, upload.drive))
            except FileNotFoundError:
                yield f"I1: the object of upload {upload.id} is missing"
            else:
                if found != (upload.received_size, upload.received_sha256):
                    yield f"I1: the object of upload {upload.id} has other bytes"


def _tombstones() -> Iterator[str]:
    blobs = set(Blob.objects.values_list("backend_id", "key"))
    for backend_id, key in Tombstone.objects.values_list("backend_id", "key"):
        if (backend_id, key) in blobs:
            yield f"I5: a tombstone names the object of a blob: {key}"


def _quota() -> Iterator[str]:
    for drive in Drive.objects.all():
        used = FileVersion.objects.filter(file__drive=drive).aggregate(n=Sum("blob__size"))["n"] or 0
        reserved = Upload.objects.filter(drive=drive, state__in=LIVE_STATES).aggregate(n=Sum("declared_size"))["n"] or 0
        reserved += Tombstone.objects.filter(drive=drive).aggregate(n=Sum("held_bytes"))["n"] or 0
        if (drive.used_bytes, drive.reserved_bytes) != (used, reserved):
            yield (
                f"I7: drive {drive.id} says used={drive.used_bytes} reserved={drive.reserved_bytes}, "
                f"its rows say {used} and {reserved}"
            )
        if drive.quota_bytes is not None and used + reserved > drive.quota_bytes:
            yield f"I7: drive {drive.id} is above its quota"
