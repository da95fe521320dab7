"""What every resolver of one request shares: who asks, when, under which address, and what has been loaded.

Built once at the door (``schema.http``); from here on the actor and the clock are arguments to services. No
credentials are read here and no model is written.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import strawberry

from accounts.errors import Unauthenticated
from accounts.principal import VISITOR, Principal
from authz.types import Actor
from schema.loaders.people import People
from schema.loaders.viewer import Viewer

if TYPE_CHECKING:
    from strawberry.types import Info as StrawberryInfo


class Context:
    """One request. ``origin`` is the public base address without a slash at its end; ``address`` the client's.

    ``session_cookie`` is the session key for the answer to set as cookie: empty ends it, None leaves it alone.
    """

    def __init__(
        self, *, now: datetime, origin: str, request_id: str, address: str = "", principal: Principal = VISITOR
    ) -> None:
        self.request_id = request_id
        self.address = address
        self.session_cookie: str | None = None
        self._become(Viewer(principal, now, origin))

    def become(self, principal: Principal) -> None:
        """Let somebody else ask from here on. What was loaded for the one before is forgotten."""
        self._become(Viewer(principal, self.now, self.origin))

    def _become(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.people = People(viewer)

    @property
    def principal(self) -> Principal:
        """The one who asks, and what she showed at the door."""
        return self.viewer.principal

    @property
    def actor(self) -> Actor:
        """What authz calls the one who asks."""
        return self.viewer.actor

    @property
    def user_id(self) -> str | None:
        """The account of the one who asks; None for a visitor."""
        return self.viewer.user_id

    @property
    def now(self) -> datetime:
        """The time of the request."""
        return self.viewer.now

    @property
    def origin(self) -> str:
        """The public base address."""
        return self.viewer.origin

    def signed_in(self) -> str:
        """Return the id of the user who is signed in. Raises Unauthenticated."""
        if self.user_id is None:
            raise Unauthenticated
        return self.user_id


# The ``info`` of a resolver, typed. At run time strawberry must see its own class.
if TYPE_CHECKING:
    Info = StrawberryInfo[Context, None]
else:
    Info = strawberry.Info
