"""The accounts and groups that shares speak of, loaded together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from accounts.models import Group, User
from accounts.services import groups, users
from authz.types import split_user
from schema.ids import Kind
from schema.loaders.group_page import GroupPage
from schema.loaders.viewer import Viewer
from storage.services.sharing import Audience, Share


class Subjects:
    """To whom shares were given; loaded only when one is asked for."""

    def __init__(self, viewer: Viewer, shares: Sequence[Share]) -> None:
        self._viewer = viewer
        self._shares = shares

    def of(self, share: Share) -> User | Group | None:
        """Return the person or group; None when it is gone or is neither."""
        kind, row_id = _subject_of(share)
        if kind is Kind.USER:
            return self._users.get(row_id)
        return self._groups.get(row_id) if kind is Kind.GROUP else None

    @cached_property
    def group_page(self) -> GroupPage:
        """The groups among them."""
        return GroupPage(self._viewer, list(self._groups.values()))

    @cached_property
    def _users(self) -> dict[str, User]:
        return users.by_ids(self._ids(Kind.USER))

    @cached_property
    def _groups(self) -> dict[str, Group]:
        return groups.by_ids(self._ids(Kind.GROUP))

    def _ids(self, kind: Kind) -> list[str]:
        found = [_subject_of(share) for share in self._shares]
        return [row_id for each, row_id in found if each is kind]


def _subject_of(share: Share) -> tuple[Kind | None, str]:
    if isinstance(share.subject, Audience):
        return None, ""
    type_name, row_id, relation = split_user(share.subject)
    if type_name == "user" and relation is None:
        return Kind.USER, row_id
    if type_name == "group" and relation == "member":
        return Kind.GROUP, row_id
    return None, ""
