"""Drives that were loaded together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from schema.loaders.share_page import share_nodes
from storage.models import Drive
from storage.permissions import Permission, allowed
from storage.services import sharing

if TYPE_CHECKING:
    from schema.context import Context

_SHOWN = (Permission.VIEW, Permission.EDIT, Permission.SHARE, Permission.DELETE, Permission.UPLOAD)
_NOTHING: frozenset[Permission] = frozenset()


class DrivePage:
    """A page of drives, all of which the viewer may see."""

    def __init__(self, context: Context, rows: Sequence[Drive]) -> None:
        self.context = context
        self._rows = rows

    def granted(self, row: Drive) -> frozenset[Permission]:
        """Return what the viewer may do with a drive, as a projection of her grants."""
        return self._granted.get(row.id, _NOTHING)

    def shares(self, row: Drive) -> list[Any] | None:
        """Return the shares of a drive; None when the viewer may not see them."""
        return self._shares.get(row.id)

    @cached_property
    def _granted(self) -> dict[str, frozenset[Permission]]:
        return allowed(self.context.actor, _SHOWN, self._rows)

    @cached_property
    def _shares(self) -> dict[str, list[Any] | None]:
        return share_nodes(self.context, sharing.shares(self.context.actor, self._rows))
