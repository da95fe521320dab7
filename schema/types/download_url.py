"""A link to the bytes of a file."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import strawberry

from schema.descriptions import value
from schema.scalars import URL


@strawberry.enum(description="What a browser does with the bytes of a download.")
class Disposition(Enum):
    """The two dispositions of RFC 6266."""

    ATTACHMENT = value("attachment", "Save them as a file.")
    INLINE = value("inline", "Show them, where the content type is known to be harmless; save them otherwise.")


@strawberry.type(
    description=(
        "A signed link to the bytes of a file. The permission is asked again when it is used, unless it leads straight "
        "to a store: then it works for anybody until it ends."
    )
)
class DownloadUrl:
    """A link and its end."""

    url: URL = strawberry.field(description="Where to GET the bytes; needs no other credentials.")
    expires_at: datetime = strawberry.field(description="The link answers no request after this.")
