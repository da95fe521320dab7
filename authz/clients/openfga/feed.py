"""How often a store was changed, as its own log tells: one reader for a process, at the end of the log.

The log may show a change after later ones: OpenFGA numbers changes when a write begins and shows them when it commits.
So "nothing new" is what everybody else's changes look like too for a moment; who relies on it sets a limit of time.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from authz.clients.openfga import wire
from authz.clients.openfga.calls import Call, Deadline
from authz.clients.openfga.remote import Remote
from authz.errors import AuthorizationUnavailable, AuthzError

_BACK = timedelta(minutes=5)
"""Where reading begins, before now: clocks of two machines may differ so much."""
_PAGE = "100"
_PAGES = 4
"""Of one look, for somebody waits for it. Who is further behind than that comes nearer with each look."""


class ChangeFeed:
    """Of one store. Thread-safe. ``now`` is the time of this machine when it begins to read."""

    def __init__(self, now: datetime) -> None:
        self._lock = threading.Lock()
        self._start = (now - _BACK).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._token = ""
        self._epoch = 0

    def epoch(self, remote: Remote, deadline: Deadline) -> int | None:
        """Return a number that is another one after each change that the log shows; None: not to be known.

        ``remote`` names the store, with whichever model: the log knows of none. Raises AuthorizationUnavailable:
        whoever waited here has no time left for anything else.
        """
        for _ in range(_PAGES):
            with self._lock:
                token = self._token
            try:
                (answer,) = remote.send([self._call(remote, token)], deadline)
                changes, following = wire.changes(answer), wire.text(answer, "continuation_token")
            except AuthorizationUnavailable:
                raise
            except AuthzError:
                return None
            with self._lock:
                if changes:
                    self._epoch += 1
                if self._token == token:
                    self._token = following or token
                if not changes:
                    return self._epoch
        return None

    def _call(self, remote: Remote, token: str) -> Call:
        query = (("continuation_token", token),) if token else (("start_time", self._start),)
        return Call("GET", f"/stores/{remote.store_id}/changes", query=(("page_size", _PAGE), *query))
