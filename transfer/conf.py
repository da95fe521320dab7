"""The settings of the byte plane, typed. They are an argument of ``TransferApp``, never read from anywhere else."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

BLOCK = 1024 * 1024
"""Bytes that are read, written or hashed in one step outside the event loop."""


@dataclass(frozen=True, slots=True)
class TransferSettings:
    """What an operator may decide about the byte plane. Times are in seconds, sizes in bytes."""

    allowed_origins: tuple[str, ...] = ()
    """``FILEGRAPH_ALLOWED_ORIGINS``: web origins whose pages may use upload and download URLs. Default: none."""
    idle_timeout: float = 60.0
    """``FILEGRAPH_TRANSFER_IDLE_TIMEOUT``: the longest silence in the middle of a body."""
    min_rate: int = 1024
    """``FILEGRAPH_TRANSFER_MIN_RATE``: bytes per second below which a body is too slow; 0: only silence ends it."""
    rate_grace: float = 10.0
    """``FILEGRAPH_TRANSFER_RATE_GRACE``: time at the beginning of a body before the minimum rate is asked for."""
    send_timeout: float = 300.0
    """``FILEGRAPH_TRANSFER_SEND_TIMEOUT``: the longest time a client may take for one MiB of a download."""
    linger: float = 1.0
    """``FILEGRAPH_TRANSFER_LINGER``: how long a refused client with an unread body has to read the refusal."""
    file_threads: int = 8
    """``FILEGRAPH_TRANSFER_FILE_THREADS``: threads that read, write and hash. Apart from those of the database."""
    buffer_budget: int = 48 * BLOCK
    """``FILEGRAPH_TRANSFER_BUFFER_BUDGET``: about what all uploads together may hold in memory."""


def from_django(settings: Any) -> TransferSettings:
    """Pick the settings of the byte plane out of Django's; what is not there keeps its default."""
    found: dict[str, Any] = {}
    for field in fields(TransferSettings):
        prefix = "FILEGRAPH_" if field.name == "allowed_origins" else "FILEGRAPH_TRANSFER_"
        value = getattr(settings, prefix + field.name.upper(), None)
        if value is not None:
            found[field.name] = tuple(value) if field.name == "allowed_origins" else value
    return TransferSettings(**found)
