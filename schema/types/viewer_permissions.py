"""What the viewer may do with a node."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

import strawberry

from schema.descriptions import field
from storage.permissions import Permission


@strawberry.type(
    description=(
        "What the viewer may do with a node, for a user interface to show or hide its buttons. "
        "Every operation asks again for itself."
    )
)
class ViewerPermissions:
    """Flags over the permissions that the page loaded for one node."""

    granted: strawberry.Private[frozenset[Permission]]

    @field("May see that it exists, and its properties.")
    def view(self) -> bool:
        return Permission.VIEW in self.granted

    @field("May read the bytes. Always false for drives and folders.")
    def download(self) -> bool:
        return Permission.DOWNLOAD in self.granted

    @field("May rename or move it, and replace its bytes.")
    def edit(self) -> bool:
        return Permission.EDIT in self.granted

    @field("May share it with others, and see with whom it is shared.")
    def share(self) -> bool:
        return Permission.SHARE in self.granted

    @field("May move it to the trash, restore it and delete it for good.")
    def delete(self) -> bool:
        return Permission.DELETE in self.granted

    @field("May upload files into it. Always false for files.")
    def upload(self) -> bool:
        return Permission.UPLOAD in self.granted
