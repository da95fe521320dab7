"""The SQL statements of one request, as the server runs it: whose it is, and which model answers it, are known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

from authz.services import active_model


@contextmanager
def behind_the_door() -> Iterator[CaptureQueriesContext]:
    """A block that is one request; the statements that it runs."""
    with active_model.pinned():
        active_model.active()
        with CaptureQueriesContext(connection) as captured:
            yield captured
