"""Where grants come from: the one thing in which the SQL of a stored engine and that of a remote one differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from authz.clients.sql.dialect import Sql
from authz.engine.plan import Edge, Grants


@dataclass(frozen=True, slots=True)
class Link:
    """Stored tuples of an edge, to be joined: ``table alias``, the condition that ties it, and the id it comes from."""

    table: str
    condition: Sql
    source: str


class GrantSource(Protocol):
    """Where the ids of granted objects come from, as SQL."""

    def granted(self, plan: Grants) -> Sql:
        """Return a SELECT of the ids, as ``id``, of the objects on which the actor holds one of the grants."""
        ...

    def link(self, edge: Edge, target_type: str, target: str, alias: str) -> Link:
        """Return how to get from the id ``target`` to the objects whose stored tuples of ``edge`` lead to it.

        ``target`` and ``alias`` are SQL: an id column, and the name to join the tuples by. Raises UnplannableRelation
        where tuples cannot be looked at by SQL.
        """
        ...
