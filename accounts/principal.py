"""Who is asking, as one plain value. It is found once, at the door, and is an argument from there on."""

from __future__ import annotations

from dataclasses import dataclass

from authz.types import ANONYMOUS, Actor


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who asks. ``session_key`` is set for a browser session and then needs a CSRF token with every change;
    ``access_token_id`` is set for a bearer token. Both None: a visitor.
    """

    actor: Actor
    user_id: str | None = None
    username: str = ""
    session_key: str | None = None
    access_token_id: str | None = None


VISITOR = Principal(actor=ANONYMOUS)
"""Nobody is signed in."""


def actor_of(user_id: str) -> Actor:
    """Return what authz calls the person."""
    return Actor(f"user:{user_id}")
