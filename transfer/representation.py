"""The head of a download: which status, headers and bytes answer a request for one stored file. Pure, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from storage.disposition import content_disposition
from transfer import ranges
from transfer.asgi import RawHeader
from transfer.conditions import Outcome, Validators, evaluate, range_applies
from transfer.digest import digest_headers
from transfer.errors import PreconditionFailed, RangeNotSatisfiable
from transfer.ranges import ByteRange, Unsatisfiable
from transfer.request import Request

_ATTACHED = b"sandbox; default-src 'none'"
# A browser shows an image, a sound or a text in a page of its own making, which this policy governs too: it needs
# inline styles, and to load the very file. Nothing else, and no script, ever runs.
_SHOWN = b"sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
# A sandbox keeps browsers from starting their PDF viewer, which is a sandbox of its own, apart from this origin.
_SHOWN_PDF = b"default-src 'none'; object-src 'self'; style-src 'unsafe-inline'"
_PDF = "application/pdf"
_UNKNOWN = "application/octet-stream"


class StoredFile(Protocol):
    """What has to be known of a file to answer for it."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def sha256(self) -> str:
        """Hex."""

    @property
    def name(self) -> str:
        """As the person typed it."""

    @property
    def content_type(self) -> str:
        """As sniffed from the bytes; of a direct upload, as its name and its sender say."""

    @property
    def inline(self) -> bool:
        """Whether it may be shown instead of saved: asked for, and of an inert type."""

    @property
    def modified(self) -> datetime:
        """Aware UTC."""


@dataclass(frozen=True, slots=True)
class Plan:
    """``part`` is None when no bytes are sent."""

    status: int
    headers: list[RawHeader]
    part: ByteRange | None


def plan(request: Request, file: StoredFile, *, resource_policy: bytes) -> Plan:
    """Answer a GET or HEAD; raises PreconditionFailed, RangeNotSatisfiable.

    The order is that of RFC 9110 §13.2.2: preconditions, then the range. Range means something for GET alone (§14.2).
    """
    validators = Validators(file.sha256, file.modified)
    asked = request.preconditions
    outcome = evaluate(asked, validators)
    if outcome is Outcome.FAILED:
        raise PreconditionFailed
    headers = _validating(file, validators)
    if outcome is Outcome.NOT_MODIFIED:
        return Plan(304, headers, None)
    header = request.header("range") if request.method == "GET" and range_applies(asked, validators) else None
    part = ranges.select(header, file.size)
    if isinstance(part, Unsatisfiable):
        raise RangeNotSatisfiable(file.size)
    headers += _describing(file, resource_policy)
    if part is None:
        whole = ByteRange(0, file.size) if file.size else None
        return Plan(200, [*headers, (b"content-length", b"%d" % file.size)], whole)
    partial = [(b"content-range", part.content_range(file.size).encode()), (b"content-length", b"%d" % part.length)]
    return Plan(206, [*headers, *partial], part)


def _validating(file: StoredFile, validators: Validators) -> list[RawHeader]:
    return [
        *digest_headers(file.sha256),
        (b"last-modified", validators.last_modified_header.encode()),
        (b"accept-ranges", b"bytes"),
        # Kept by the client if it likes, shown again only after we were asked again: rights may have gone.
        (b"cache-control", b"private, no-cache"),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
    ]


def _describing(file: StoredFile, resource_policy: bytes) -> list[RawHeader]:
    kind = _header_safe(file.content_type)
    if not file.inline:
        policy = _ATTACHED
    else:
        policy = _SHOWN_PDF if kind == _PDF else _SHOWN
    if kind.startswith("text/") and "charset" not in kind:
        kind += "; charset=utf-8"
    return [
        (b"content-type", kind.encode("ascii")),
        (b"content-disposition", content_disposition(file.name, inline=file.inline).encode("ascii")),
        (b"content-security-policy", policy),
        (b"cross-origin-resource-policy", resource_policy),
    ]


def _header_safe(content_type: str) -> str:
    return content_type if content_type.isascii() and content_type.isprintable() and content_type else _UNKNOWN
