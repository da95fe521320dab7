"""What can have children."""

from __future__ import annotations

from typing import Annotated

import strawberry

from schema.types.drive import Drive
from schema.types.folder import Folder

Container = Annotated[
    Drive | Folder, strawberry.union("Container", description="What an item can lie in: a drive or a folder.")
]
