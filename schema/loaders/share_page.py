"""Shares that were loaded together, and the accounts, groups and nodes they speak of."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from accounts.services import groups, users
from authz.types import split_user
from schema.ids import Kind
from schema.loaders.group_page import GroupPage
from storage.models import NodeRef
from storage.services.sharing import Audience, Share

if TYPE_CHECKING:
    from schema.context import Context


class SharePage:
    """Loads subjects and targets of all its shares at once, and only when one is asked for."""

    def __init__(self, context: Context, rows: Sequence[Share]) -> None:
        self.context = context
        self._rows = rows

    def subject(self, share: Share) -> tuple[Kind, Any] | None:
        """Return the kind and row of a person or group; None when it is gone or is neither."""
        kind, row_id = _subject_of(share)
        if kind is Kind.USER and row_id in self._users:
            return kind, self._users[row_id]
        if kind is Kind.GROUP and row_id in self._groups:
            return kind, self._groups[row_id]
        return None

    def target(self, share: Share) -> Any:
        """Return the node it was given on; None when the viewer may not see it."""
        return self._targets.get(share.node)

    @cached_property
    def _users(self) -> dict[str, Any]:
        return users.by_ids(self._ids(Kind.USER))

    @cached_property
    def _groups(self) -> dict[str, Any]:
        return groups.by_ids(self._ids(Kind.GROUP))

    @cached_property
    def group_page(self) -> GroupPage:
        """The groups among the subjects."""
        return GroupPage(self.context.actor, list(self._groups.values()))

    @cached_property
    def _targets(self) -> dict[NodeRef, Any]:
        refs = list({share.node: None for share in self._rows})
        return {ref: node for ref, node in zip(refs, self.context.lists.by_refs(refs), strict=True) if node is not None}

    def _ids(self, kind: Kind) -> list[str]:
        found = [_subject_of(share) for share in self._rows]
        return [row_id for each, row_id in found if each is kind]


def share_nodes(context: Context, found: dict[str, list[Share] | None]) -> dict[str, list[Any] | None]:
    """Turn the shares of a page into nodes that load their subjects and targets together."""
    page = SharePage(context, [share for shares in found.values() if shares is not None for share in shares])
    return {
        row_id: None if shares is None else [context.nodes.share(share, page) for share in shares]
        for row_id, shares in found.items()
    }


def _subject_of(share: Share) -> tuple[Kind | None, str]:
    if isinstance(share.subject, Audience):
        return None, ""
    type_name, row_id, relation = split_user(share.subject)
    if type_name == "user" and relation is None:
        return Kind.USER, row_id
    if type_name == "group" and relation == "member":
        return Kind.GROUP, row_id
    return None, ""
