"""Sharing with everybody at once."""

from __future__ import annotations

from enum import Enum

import strawberry

from schema.descriptions import value


@strawberry.enum(description='Whom "everyone" means.')
class Audience(Enum):
    """The two audiences of a share with everyone."""

    SIGNED_IN = value("signed_in", "Everybody with an account.")
    ANYONE = value("anyone", "Everybody, also without an account.")


@strawberry.type(description="Everybody of an audience, as the one who was shared to.")
class Everyone:
    """The subject of a share with everyone."""

    audience: Audience = strawberry.field(description="Whom it means.")
