"""What must work before the server takes requests: the database, the stores, the permission engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.db import connection

from accounts.permissions import is_administrator
from authz.identifiers import new_identifier
from authz.types import ANONYMOUS
from storage.models import Backend
from storage.registry import backend_for


def database() -> None:
    """Ask the database something."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


def stores() -> None:
    """Begin an object in every writable store and give it up again: nothing is left behind."""
    for row in Backend.objects.filter(writable=True).order_by("created_at"):
        writer = backend_for(row).open_writer(f"probe/{new_identifier()}")
        try:
            writer.write(b"probe")
        finally:
            writer.abort()


def authorization() -> None:
    """Ask the engine a question whose answer is known."""
    if is_administrator(ANONYMOUS):
        raise RuntimeError("A visitor is an administrator.")


ALL: Mapping[str, Callable[[], None]] = {"database": database, "stores": stores, "authorization": authorization}
"""By the name that ``/readyz`` shows."""
