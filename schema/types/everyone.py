"""Sharing with everybody at once."""

from __future__ import annotations

from enum import Enum

import strawberry


@strawberry.enum(description='Whom "everyone" means.')
class Audience(Enum):
    """The two audiences of a share with everyone."""

    SIGNED_IN = strawberry.enum_value("signed_in", description="Everybody with an account.")
    ANYONE = strawberry.enum_value("anyone", description="Everybody, also without an account.")


@strawberry.type(description="Everybody of an audience, as the one who was shared to.")
class Everyone:
    """The subject of a share with everyone."""

    audience: Audience = strawberry.field(description="Whom it means.")
