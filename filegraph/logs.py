"""What a line of the log must not say. Where lines go is in ``filegraph.settings``."""

from __future__ import annotations

import logging

_PUBLIC = ("", "admin", "static")


class WithoutPaths(logging.Filter):
    """Takes paths and queries out of Django's lines about requests, but for their first segment.

    Paths carry tokens. Those of the byte plane do not reach Django; this holds if one ever does.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten the arguments of a record about a request; keep every record."""
        if record.name.startswith(("django.request", "django.security")) and isinstance(record.args, tuple):
            record.args = tuple(_shortened(value) for value in record.args)
        return True


class WithoutRefusals(logging.Filter):
    """Takes the traceback from Django's lines about requests that it refused (status below 500): nothing is broken."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten a record that was answered with such a status; keep every record."""
        status = getattr(record, "status_code", 500)
        if record.name.startswith(("django.request", "django.security")) and status < 500:
            record.exc_info = record.exc_text = None
        return True


def _shortened(value: object) -> object:
    if not isinstance(value, str) or not value.startswith("/"):
        return value
    first, slash, rest = value[1:].partition("/")
    return f"/{first if first in _PUBLIC else '...'}{slash}{'...' if rest else ''}"
