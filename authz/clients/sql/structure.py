"""How the application tells where the edges of its tree stand.

Plain descriptions, written once by whoever owns the tables. Names of tables and columns become part of the SQL text:
they are constants of the program and must never come from a user. Objects never stand in a ring of edges.

In a ``condition`` each column is written ``{row}column``: the place is filled with the alias of its table. It is true
or false of every row, and never null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ColumnEdge:
    """The row itself names the object: ``column`` holds the id of an object of ``target``; null leads nowhere.

    ``condition`` is extra SQL over the row: elsewhere it leads nowhere.
    """

    target: str
    column: str
    condition: str = ""


@dataclass(frozen=True, slots=True)
class JoinEdge:
    """``table`` links rows to objects: where its ``source`` equals the row's ``column``, ``destination`` is an id of
    an object of ``target``. ``condition`` is extra SQL over the columns of ``table``.

    ``closes`` names edges of the same rows, this one perhaps among them, whose transitive closure this edge is, as far
    as they lead to ``target``: whoever follows one of them again and again arrives where this one leads at once.
    """

    target: str
    table: str
    source: str
    destination: str
    column: str
    condition: str = ""
    closes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ConstantEdge:
    """Every row leads to the same object, as each drive of an installation with one organization."""

    target: str
    object_id: str


Edge = ColumnEdge | JoinEdge | ConstantEdge


@dataclass(frozen=True, slots=True)
class Rows:
    """The table of an object type: text ids, and the edges that stand in its columns, by relation.

    A relation that leads to objects of several types has an edge for each. ``condition`` is extra SQL over the columns
    that every object of this type meets (``{row}kind = 'file'``).
    """

    table: str
    id_column: str = "id"
    edges: Mapping[str, Edge | tuple[Edge, ...]] = field(default_factory=dict, hash=False)
    condition: str = ""

    def leading(self, tupleset: str) -> tuple[Edge, ...]:
        """Return the edges of a relation; none for one that does not stand here."""
        found = self.edges.get(tupleset, ())
        return found if isinstance(found, tuple) else (found,)

    def closing(self, tupleset: str, target: str) -> str | None:
        """Return the relation whose edge is the transitive closure of another's, as far as it leads to ``target``."""
        for name in self.edges:
            for edge in self.leading(name):
                if isinstance(edge, JoinEdge) and edge.target == target and tupleset in edge.closes:
                    return name
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """All tables of the tree, by object type. Compared by identity: make it once."""

    rows: Mapping[str, Rows]

    def edges(self) -> frozenset[tuple[str, str]]:
        """Return every structural edge as ``(type, tupleset)``."""
        return frozenset((name, tupleset) for name, rows in self.rows.items() for tupleset in rows.edges)


NO_STRUCTURE = Structure({})
"""No rows: every edge is a stored tuple."""
