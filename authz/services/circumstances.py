"""Under which circumstances the service asks: what its questions tell the conditions of the model.

That is ``current_time``, the time in UTC, of one reading of the clock for all questions of a request.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.utils import timezone

from authz.clients.base import InstallationClient

CURRENT_TIME = "current_time"
"""The parameter of conditions that the service tells the time by, in the form of RFC 3339."""


class _Reading(threading.local):
    """What one request of one thread has read off the clock."""

    depth = 0
    context: Mapping[str, Any] | None = None


_READING = _Reading()


@contextmanager
def one_time() -> Iterator[None]:
    """Let all questions of the block be asked at the time of the first one."""
    _READING.depth += 1
    try:
        yield
    finally:
        _READING.depth -= 1
        if _READING.depth == 0:
            _READING.context = None


def circumstances(client: InstallationClient) -> Mapping[str, Any]:
    """Return the context of a question; nothing for a model that has no conditions."""
    if not client.model.conditions:
        return {}
    if _READING.context is not None:
        return _READING.context
    now: Mapping[str, Any] = {CURRENT_TIME: f"{timezone.now():%Y-%m-%dT%H:%M:%S.%f}Z"}
    if _READING.depth:
        _READING.context = now
    return now
