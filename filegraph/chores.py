"""What a running server does by itself: sweep the store, note when access tokens were used, forget old sessions, tell
the permission engine what it has not heard yet, write down what was refused, forget old entries of the audit.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from accounts.services import sessions
from accounts.services.token_uses import TOKEN_USES
from authz.services import audit, client, remote_engine
from filegraph.background import Chore
from storage.services import sweep

SWEEP_LIMIT = 500
"""Rows of each kind in one sweep, so that requests get their turn in between."""

_TOKEN_USES_SECONDS = 60.0
_SESSIONS_SECONDS = 3600.0
_DELIVERY_SECONDS = 1.0
_REFUSED_SECONDS = 3600.0
_DENIALS_SECONDS = 10.0
_AUDIT_SECONDS = 3600.0


def chores() -> list[Chore]:
    """Return the chores of this process's settings."""
    found = [
        Chore("token uses", _TOKEN_USES_SECONDS, _write_token_uses, last=True),
        Chore("old sessions", _SESSIONS_SECONDS, _forget_sessions),
        Chore("old audit entries", _AUDIT_SECONDS, _forget_audit_entries),
    ]
    if settings.FILEGRAPH_AUDIT and settings.FILEGRAPH_AUDIT_DENIALS:
        found.append(Chore("refused questions", _DENIALS_SECONDS, _write_denials, last=True))
    if remote_engine.is_named():
        # What could not be delivered when it was committed; also while the server only stands by, or will.
        found.append(Chore("changes of permissions", _DELIVERY_SECONDS, _deliver))
        found.append(Chore("refused changes", _REFUSED_SECONDS, _report_refused))
    if settings.FILEGRAPH_SWEEP_INTERVAL:
        found.append(Chore("sweep", settings.FILEGRAPH_SWEEP_INTERVAL, _sweep))
    return found


def _sweep(now: datetime) -> object:
    return sweep.sweep(now=now, limit=SWEEP_LIMIT)


def _deliver(now: datetime) -> object:
    client.follow_store()
    return remote_engine.deliver()


def _report_refused(now: datetime) -> object:
    return remote_engine.report_refused()


def _write_denials(now: datetime) -> object:
    return audit.write_denials()


def _forget_audit_entries(now: datetime) -> object:
    return audit.forget_old(now=now)


def _write_token_uses(now: datetime) -> object:
    return TOKEN_USES.flush()


def _forget_sessions(now: datetime) -> object:
    return sessions.forget_expired(now=now)
