"""The accounts and groups that a request asks about, each asked for once."""

from __future__ import annotations

from collections.abc import Collection

from accounts import permissions
from accounts.models import AccessToken, Group, User
from accounts.services import access_tokens, groups, users
from schema.loaders.found_page import FoundPage
from schema.loaders.group_page import GroupPage
from schema.loaders.viewer import Viewer
from storage.selectors import pages
from storage.selectors.pages import PageRequest, Scope, Sort

# accounts orders them; only the cursors are made here.
_BY_NAME: Sort[Group] = Sort("name_key", "id", descending=False, value=lambda group: group.name_key)


class People:
    """Who the viewer is, and whom she may know."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._users: dict[str, User] = {}

    def me(self) -> User | None:
        """Return the viewer's account; None for a visitor."""
        user_id = self._viewer.user_id
        return None if user_id is None else self.by_ids([user_id]).get(user_id)

    def by_ids(self, user_ids: list[str]) -> dict[str, User]:
        """Return the people of these ids; unknown ids are left out. What was loaded before costs nothing."""
        missing = {user_id for user_id in user_ids if user_id not in self._users}
        if missing:
            self._users.update(users.by_ids(missing))
        return self._users

    def is_administrator(self) -> bool:
        """Return whether the viewer administers the service."""
        # Not kept for the whole request: signing in changes who the viewer is.
        return self._viewer.user_id is not None and permissions.is_administrator(self._viewer.actor)

    def require_administrator(self) -> None:
        """Raise AdministratorRequired unless the viewer administers the service."""
        permissions.require_administrator(self._viewer.actor)

    def my_access_tokens(self) -> list[AccessToken]:
        """Return the viewer's valid access tokens, the latest first."""
        return access_tokens.of_user(self._viewer.principal, now=self._viewer.now)

    def my_groups(self) -> list[Group]:
        """Return the groups the viewer is in."""
        return groups.of_actor(self._viewer.actor) if self._viewer.user_id is not None else []

    def groups_by_ids(self, group_ids: Collection[str]) -> dict[str, Group]:
        """Return the groups of these ids; unknown ids are left out. A visitor is told of none."""
        return groups.by_ids(group_ids) if group_ids and self._viewer.user_id is not None else {}

    def groups(self, request: PageRequest) -> FoundPage[Group, GroupPage]:
        """Return a page of the groups the viewer may share to, by name. Raises InvalidCursor."""
        principal = self._viewer.principal
        scope = Scope("groups", None, None, principal.actor)
        after, before = (
            None if cursor is None else str(pages.place(cursor, scope)[0]) for cursor in (request.after, request.before)
        )
        # One more than asked for tells whether there is more.
        found = groups.page(principal, after=after, before=before, backwards=request.backwards, limit=request.size + 1)
        page = pages.page(request, _BY_NAME, scope, found, lambda group: group.id)
        return FoundPage(page, GroupPage(self._viewer, page.rows), lambda: groups.count(principal))
