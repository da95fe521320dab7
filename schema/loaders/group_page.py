"""Groups that were loaded together. Their members are loaded for all, and only when one is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from accounts.models import Group, User
from accounts.services import groups
from schema.loaders.viewer import Viewer


class GroupPage:
    """A page of groups, whose names everybody with an account may know."""

    def __init__(self, viewer: Viewer, rows: Sequence[Group]) -> None:
        self._viewer = viewer
        self._rows = rows

    def members(self, row: Group) -> list[User] | None:
        """Return who is in a group, by username; None when the viewer may not know."""
        return self._members.get(row.id)

    @cached_property
    def _members(self) -> dict[str, list[User] | None]:
        return groups.members(self._viewer.actor, [row.id for row in self._rows])
