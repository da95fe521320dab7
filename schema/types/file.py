"""A file."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

from typing import Annotated

import strawberry

from schema.descriptions import field
from schema.scalars import SHA256, URL, BigInt
from schema.types.download_url import Disposition, DownloadUrl
from schema.types.item import Item


@strawberry.type(description="A file. It exists once its bytes are there and verified.")
class File(Item):
    """A row of the tree that has bytes."""

    @field("Number of its bytes.")
    def size(self) -> BigInt:
        return BigInt(self.row.size or 0)

    @field("Its MIME type: found from its bytes, or from its name where they were sent straight to a store.")
    def content_type(self) -> str:
        return self.row.content_type or "application/octet-stream"

    @field("The SHA-256 of its bytes.")
    def sha256(self) -> SHA256:
        return SHA256(self.row.sha256 or "")

    @field("How many times bytes were stored under this id: 1, and 1 more for each replacement.")
    def version(self) -> int:
        return self.page.version(self.row)

    @field("A link to its bytes; null in the trash, and when the viewer may not download it.")
    def download_url(
        self,
        disposition: Annotated[
            Disposition, strawberry.argument(description="What a browser does with the bytes.")
        ] = Disposition.ATTACHMENT,
        expires_in: Annotated[
            int | None,
            strawberry.argument(
                description=(
                    "Seconds until the link ends, at least 1; the operator's choice when left out. More than the "
                    "operator allows is cut, and expiresAt tells."
                )
            ),
        ] = None,
    ) -> DownloadUrl | None:
        link = self.page.link(self.row, disposition.value, expires_in)
        if link is None:
            return None
        return DownloadUrl(url=URL(link.url(self.page.viewer.origin)), expires_at=link.expires_at)
