"""The settings of storage, typed, read once from Django's ``FILEGRAPH_*`` settings.

Where they come from (environment, file) is the composition root's business. Nothing secret is kept here: signing keys
are read by ``storage.tokens``, credentials of backends by ``storage.registry``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

_HOUR = 3600
_GIB = 1024**3

MAX_BATCH = 100
"""Entries of one call (uploads, items): no setting, because clients rely on it."""

BACKEND_CLASSES: Mapping[str, str] = {
    "local": "storage.backends.local.LocalBackend",
    "memory": "storage.backends.memory.MemoryBackend",
    "django": "storage.backends.django_storage.DjangoStorageBackend",
    "s3": "storage.backends.s3.backend.S3Backend",
}
"""The drivers that are shipped, by key."""


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """What an operator may decide about storage. Times are in seconds, sizes in bytes."""

    upload_lifetime: int = 24 * _HOUR
    """``FILEGRAPH_UPLOAD_LIFETIME``: from begin to finalize."""
    max_file_size: int = 5 * _GIB
    """``FILEGRAPH_MAX_FILE_SIZE``: of one file; a single PUT carries it whole."""
    max_open_uploads: int = 1000
    """``FILEGRAPH_MAX_OPEN_UPLOADS``: of one actor at a time, ten full batches."""
    tombstone_grace: int = 24 * _HOUR
    """``FILEGRAPH_TOMBSTONE_GRACE``: bytes that no row uses stay this long, for readers that are under way."""
    upload_retention: int = 30 * 24 * _HOUR
    """``FILEGRAPH_UPLOAD_RETENTION``: rows of finished uploads (and with them idempotency keys) are kept this long."""
    download_lifetime: int = 15 * 60
    """``FILEGRAPH_DOWNLOAD_LIFETIME``: of a download link unless asked otherwise, and never above the maximum.
    Permission is asked again when the link is used."""
    download_lifetime_max: int = 24 * _HOUR
    """``FILEGRAPH_DOWNLOAD_LIFETIME_MAX``: a link that is asked to live longer lives this long."""
    direct_upload_lifetime: int = 24 * _HOUR
    """``FILEGRAPH_DIRECT_UPLOAD_LIFETIME``: the most of a link by which a client sends to a store; it never outlives
    its upload. Keys that it could write to are kept in mind this much longer."""
    direct_download_lifetime: int = 5 * 60
    """``FILEGRAPH_DIRECT_DOWNLOAD_LIFETIME``: the most of a link by which a client reads from a store: nobody can take
    it back before it ends. 0: there are none, all links are ours."""
    storage_backend_classes: Mapping[str, str] = field(default_factory=lambda: dict(BACKEND_CLASSES), hash=False)
    """``FILEGRAPH_STORAGE_BACKEND_CLASSES``: dotted paths by key; added to the shipped ones."""

    def __post_init__(self) -> None:
        for name in _NUMBERS:
            value = getattr(self, name)
            least = 0 if name in _MAY_BE_ZERO else 1
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ImproperlyConfigured(
                    f"FILEGRAPH_{name.upper()} must be a whole number, {least} or more, not {value!r}."
                )


_NUMBERS = (
    "upload_lifetime",
    "max_file_size",
    "max_open_uploads",
    "tombstone_grace",
    "upload_retention",
    "download_lifetime",
    "download_lifetime_max",
    "direct_upload_lifetime",
    "direct_download_lifetime",
)
_MAY_BE_ZERO = {"direct_download_lifetime"}


@lru_cache(maxsize=1)
def current() -> StorageSettings:
    """Return the settings of this process; raises ImproperlyConfigured for a value that cannot be meant."""
    found: dict[str, Any] = {}
    for name in _NUMBERS:
        value = getattr(django_settings, f"FILEGRAPH_{name.upper()}", None)
        if value is not None:
            found[name] = value
    classes = getattr(django_settings, "FILEGRAPH_STORAGE_BACKEND_CLASSES", None) or {}
    return StorageSettings(**found, storage_backend_classes={**BACKEND_CLASSES, **classes})


def _forget(*, setting: str, **_: Any) -> None:
    """Tests change settings; a running service does not."""
    if setting.startswith("FILEGRAPH_"):
        current.cache_clear()


setting_changed.connect(_forget)
