"""What every resolver of one request shares: who asks, when, under which address, and what has been loaded.

Built once at the door (``schema.http``); from here on the actor and the clock are arguments to services. No
credentials are read here and no model is written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from accounts.errors import Unauthenticated
from accounts.principal import VISITOR, Principal
from authz.types import Actor
from schema.loaders.lists import Lists
from schema.loaders.people import People
from storage.models import Drive, Item
from storage.selectors.pages import PageRequest


class Nodes(Protocol):
    """Makes the API's objects of rows; given from above, because loaders know no types."""

    def item(self, row: Item, page: Any) -> Any:
        """Return the File or Folder of an item."""

    def drive(self, row: Drive, page: Any) -> Any:
        """Return the Drive of a drive."""

    def user(self, row: Any) -> Any:
        """Return the User of a user."""

    def share(self, row: Any, page: Any) -> Any:
        """Return the Share of a share."""


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie for the answer to set. ``max_age`` in seconds; 0 deletes it."""

    name: str
    value: str
    max_age: int


@dataclass(slots=True)
class Context:
    """One request. ``origin`` is the public base address without a slash at its end; ``address`` the client's."""

    nodes: Nodes
    now: datetime
    origin: str
    request_id: str
    address: str = ""
    principal: Principal = VISITOR
    cookies: list[Cookie] = field(default_factory=list)
    lists: Lists = field(init=False)
    people: People = field(init=False)

    def __post_init__(self) -> None:
        self.lists = Lists(self)
        self.people = People(self)

    @property
    def actor(self) -> Actor:
        """What authz calls the one who asks."""
        return self.principal.actor

    @property
    def user_id(self) -> str | None:
        """The account of the one who asks; None for a visitor."""
        return self.principal.user_id

    def signed_in(self) -> str:
        """Return the id of the user who is signed in. Raises Unauthenticated."""
        if self.principal.user_id is None:
            raise Unauthenticated
        return self.principal.user_id

    @staticmethod
    def page_request(first: int | None, after: str | None, last: int | None, before: str | None) -> PageRequest:
        """Return the page that the arguments of a connection ask for. Raises InvalidArgument."""
        return PageRequest(first=first, after=after, last=last, before=before)
