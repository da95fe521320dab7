"""Does the access key have every right that the driver needs? Each is used once, before the first file goes there."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from storage.backends.base import StorageBackend
from storage.backends.s3.errors import lacking
from storage.errors import BackendUnavailable

_DATA = b"Filegraph tries what this key may do."


def verify(backend: StorageBackend) -> None:
    """Raise BackendUnavailable with the right that the key lacks.

    Writes an object of a few bytes below ``probe/``, reads it and deletes it again. Five requests.
    """
    key = f"probe/{secrets.token_hex(13)}"
    with backend.open_writer(key) as writer:
        writer.write(_DATA)
    try:
        with backend.open_reader(key) as reader:
            reader.read(0, len(_DATA))
    except BackendUnavailable as error:
        backend.discard(key, context="trying the store")
        # A refusal of a HEAD says nothing more; that the key itself is good has just been seen.
        raise lacking("GetObject") if error.setting == "access_key_id" else error from None
    backend.delete(key)
    # Nothing is older than that: it is only asked what there is.
    backend.remove_stale(datetime.min.replace(tzinfo=UTC))
