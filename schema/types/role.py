"""What can be given by sharing."""

from __future__ import annotations

from enum import Enum

import strawberry

from schema.descriptions import value
from storage.permissions import Role


@strawberry.enum(description="What somebody is given by a share, the lesser first.")
class ShareRole(Enum):
    """The roles of storage."""

    VIEWER = value(Role.VIEWER, "Sees and downloads.")
    COMMENTER = value(Role.COMMENTER, "Sees, downloads and comments.")
    UPLOADER = value(Role.UPLOADER, "Uploads, and sees nothing of what lies there: a drop box.")
    EDITOR = value(Role.EDITOR, "Sees, downloads, uploads, renames and moves.")
    OWNER = value(Role.OWNER, "Everything, also sharing and deleting.")
