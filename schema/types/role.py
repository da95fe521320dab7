"""What can be given by sharing."""

from __future__ import annotations

from enum import Enum

import strawberry

from storage.permissions import Role


@strawberry.enum(description="What somebody is given by a share, the lesser first.")
class ShareRole(Enum):
    """The roles of storage."""

    VIEWER = strawberry.enum_value(Role.VIEWER, description="Sees and downloads.")
    COMMENTER = strawberry.enum_value(Role.COMMENTER, description="Sees, downloads and comments.")
    UPLOADER = strawberry.enum_value(
        Role.UPLOADER, description="Uploads, and sees nothing of what lies there: a drop box."
    )
    EDITOR = strawberry.enum_value(Role.EDITOR, description="Sees, downloads, uploads, renames and moves.")
    OWNER = strawberry.enum_value(Role.OWNER, description="Everything, also sharing and deleting.")
