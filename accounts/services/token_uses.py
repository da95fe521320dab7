"""When access tokens were last used: noted in memory at the door, written together now and then.

A request that only reads stays a request that only reads; what is lost by a crash is at most a minute of this column.
"""

from __future__ import annotations

import threading
from datetime import datetime

from django.db.models import Q

from accounts.models import AccessToken


class TokenUses:
    """Last uses that are not written yet. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uses: dict[str, datetime] = {}

    def note(self, access_token_id: str, now: datetime) -> None:
        """Remember that the token was used."""
        with self._lock:
            self._uses[access_token_id] = now

    def flush(self) -> int:
        """Write what was noted; return how many tokens that were. On failure it is kept for the next time."""
        with self._lock:
            uses, self._uses = self._uses, {}
        try:
            for access_token_id, at in uses.items():
                # Another process may have written a later use.
                earlier = Q(last_used_at__isnull=True) | Q(last_used_at__lt=at)
                AccessToken.objects.filter(earlier, pk=access_token_id).update(last_used_at=at)
        except Exception:
            with self._lock:
                self._uses = {**uses, **self._uses}
            raise
        return len(uses)


TOKEN_USES = TokenUses()
"""The uses of this process."""
