"""Who has a relation to an object, page by page, and their accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from accounts.models import User
from accounts.services import users
from schema.loaders.found_page import FoundPage
from schema.loaders.viewer import Viewer
from storage.selectors import pages
from storage.selectors.pages import PageRequest, Scope, Sort
from storage.services import access

# In the order of their names, in which the service has them.
_BY_NAME: Sort[str] = Sort("name", "name", descending=False, value=lambda name: name)


class HolderPage:
    """Names of authz that were listed together."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def person(self, name: str) -> User | None:
        """Return the account of a name; None when it is gone, or the name is of another kind."""
        return self._people.get(name.removeprefix("user:"))

    @cached_property
    def _people(self) -> dict[str, User]:
        return users.by_ids(name.removeprefix("user:") for name in self._names if name.startswith("user:"))


def holders(
    viewer: Viewer, request: PageRequest, object: str, relation: str, user_type: str, context: Mapping[str, Any]
) -> FoundPage[str, HolderPage] | None:
    """Return a page of those who have a relation; None for whoever may not ask, and for what is not there.

    The engine lists them all for each page. Raises InvalidCursor, and what ``storage.services.access`` does.
    """
    names = access.holders(viewer.actor, object, relation, user_type, context, now=viewer.now)
    if names is None:
        return None
    names = sorted(names)
    scope = Scope("permission holders", (object, relation), user_type, viewer.actor)
    after, before = (
        None if cursor is None else str(pages.place(cursor, scope)[0]) for cursor in (request.after, request.before)
    )
    within = [name for name in names if (after is None or name > after) and (before is None or name < before)]
    found = (within[::-1] if request.backwards else within)[: request.size + 1]
    page = pages.page(request, _BY_NAME, scope, found, lambda name: name)
    return FoundPage(page, HolderPage(page.rows), lambda: len(names))
