"""Who asks, when, and at which public address: all that a loader needs to know of a request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.principal import Principal
from authz.types import Actor


@dataclass(frozen=True, slots=True)
class Viewer:
    """The actor and the clock of everything that is loaded. ``origin`` has no slash at its end."""

    principal: Principal
    now: datetime
    origin: str

    @property
    def actor(self) -> Actor:
        """What authz calls the one who asks."""
        return self.principal.actor

    @property
    def user_id(self) -> str | None:
        """The account of the one who asks; None for a visitor."""
        return self.principal.user_id
