"""What must work before the server takes requests: the database, the stores, the permission engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db import connection

from accounts.permissions import is_administrator
from authz.types import PROBE
from storage.services import backends


def database() -> None:
    """Ask the database something."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


def stores() -> None:
    """Ask every writable store whether an object could be begun now; the log has the reason why not."""
    for _, probe in backends.probes():
        probe()


def authorization() -> None:
    """Ask the engine a question whose answer is known."""
    if is_administrator(PROBE):
        raise RuntimeError("Somebody who is not there is an administrator.")


@dataclass(frozen=True, slots=True)
class Probe:
    """``ask`` raises when the part does not work; ``needs`` names another one without which it cannot be asked."""

    ask: Callable[[], None]
    needs: str = ""


ALL: Mapping[str, Probe] = {
    "database": Probe(database),
    "stores": Probe(stores, needs="database"),
    "authorization": Probe(authorization, needs="database"),
}
"""By the name that ``/readyz`` shows."""
