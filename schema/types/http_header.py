"""A header to send with a request."""

from __future__ import annotations

import strawberry


@strawberry.type(description="A header that must be sent with a request exactly like this.")
class HttpHeader:
    """Name and value of a request header."""

    name: str = strawberry.field(description="The header's name.")
    value: str = strawberry.field(description="The header's value.")
