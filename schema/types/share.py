"""What was granted to whom, and where."""

# The description of a field is its docstring, for clients and for us.
# ruff: noqa: D102

from __future__ import annotations

import hashlib
from typing import Annotated

import strawberry

from schema.descriptions import field
from schema.loaders.node_page import SharePage
from schema.types import nodes
from schema.types.drive import Drive
from schema.types.everyone import Audience, Everyone
from schema.types.file import File
from schema.types.folder import Folder
from schema.types.group import Group
from schema.types.role import ShareRole
from schema.types.user import User
from storage.services import sharing

ShareSubject = Annotated[
    User | Group | Everyone, strawberry.union("ShareSubject", description="The one who was shared to.")
]
ShareTarget = Annotated[Drive | Folder | File, strawberry.union("ShareTarget", description="What was shared.")]


@strawberry.type(description="A role that somebody was given on a drive, folder or file.")
class Share:
    """One grant, in the company of the shares it was loaded with."""

    row: strawberry.Private[sharing.Share]
    page: strawberry.Private[SharePage]

    @field("An opaque id of this grant; the same grant has the same id.")
    def id(self) -> strawberry.ID:
        return strawberry.ID("share_" + hashlib.blake2b(self.row.id.encode(), digest_size=16).hexdigest())

    @field("What was given.")
    def role(self) -> ShareRole:
        return ShareRole(self.row.role)

    @field("To whom; null when the account or group is gone, or is of a kind not shown here.")
    def subject(self) -> ShareSubject | None:
        if isinstance(self.row.subject, sharing.Audience):
            return Everyone(audience=Audience(self.row.subject.value))
        return nodes.subject(self.row, self.page)

    @field("Where it was given; null when the viewer may not see that.")
    def node(self) -> ShareTarget | None:
        return nodes.node_or_none(self.page.target(self.row))

    @field("Whether it was given further up and holds here too.")
    def inherited(self) -> bool:
        return self.row.inherited

    @field("Whether it counts only while a condition of the authorization model is met, as one until a time.")
    def is_conditional(self) -> bool:
        return self.row.is_conditional
