"""How the application tells where the edges of its tree stand.

Plain descriptions, written once by whoever owns the tables. Names of tables and columns become part of the SQL text:
they are constants of the program and must never come from a user.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ColumnEdge:
    """The row itself names the object: ``column`` holds the id of an object of ``target``; null leads nowhere."""

    target: str
    column: str


@dataclass(frozen=True, slots=True)
class JoinEdge:
    """``table`` links rows to objects: where its ``source`` equals the row's ``column``, ``destination`` is an id of
    an object of ``target``. ``condition`` is extra SQL over the columns of ``table``.
    """

    target: str
    table: str
    source: str
    destination: str
    column: str
    condition: str = ""


@dataclass(frozen=True, slots=True)
class ConstantEdge:
    """Every row leads to the same object, as each drive of an installation with one organization."""

    target: str
    object_id: str


Edge = ColumnEdge | JoinEdge | ConstantEdge


@dataclass(frozen=True, slots=True)
class Rows:
    """The table of an object type: text ids, and the edges that stand in its columns, by relation.

    ``condition`` is extra SQL over its columns that every object of this type meets (``kind = 'file'``).
    """

    table: str
    id_column: str = "id"
    edges: Mapping[str, Edge] = field(default_factory=dict, hash=False)
    condition: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """All tables of the tree, by object type. Compared by identity: make it once."""

    rows: Mapping[str, Rows]

    def edges(self) -> frozenset[tuple[str, str]]:
        """Return every structural edge as ``(type, tupleset)``."""
        return frozenset((name, tupleset) for name, rows in self.rows.items() for tupleset in rows.edges)


NO_STRUCTURE = Structure({})
"""No rows: every edge is a stored tuple."""
