"""What a server ought to have: what our record says, and the edges of the tree where it keeps those too."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain

from django.db.models import Max

from authz.clients import tuples
from authz.clients.sql.edges import StructureEdges
from authz.models import RelationshipTuple
from authz.types import TupleKey, split_object

_PAGE = 100


class Desired:
    """The tuples of the database ``using``. ``edges``: of the tree; None where the server keeps none."""

    def __init__(self, using: str, edges: StructureEdges | None = None) -> None:
        self._using = using
        self._edges = edges

    def count(self) -> int:
        """Return how many tuples the record has."""
        return RelationshipTuple.objects.using(self._using).count()

    def pages(self) -> Iterator[list[TupleKey]]:
        """Yield everything, some at a time; what changes meanwhile is there or not."""
        structural = self._edges.pages() if self._edges is not None else iter(())
        return chain((page for _, page in self.recorded(0)), structural)

    def recorded(self, after: int) -> Iterator[tuple[int, list[TupleKey]]]:
        """Yield pages of the record behind the row ``after``, each with the id of its last row.

        It ends with the row that is the last one when it begins: writers at work would add to it for ever.
        """
        rows_there = RelationshipTuple.objects.using(self._using)
        last = rows_there.aggregate(last=Max("id"))["last"] or 0
        while rows := list(rows_there.filter(id__gt=after, id__lte=last).order_by("id")[:_PAGE]):
            after = rows[-1].id
            yield after, [tuples.key_of(row) for row in rows]

    def standing(self, keys: Collection[TupleKey]) -> dict[TupleKey, TupleKey]:
        """Return what is said of these tuples, at most a few hundred: by bare key, with its condition; else nothing."""
        names = [key.bare for key in keys]
        structural = [name for name in names if self._is_structural(name)]
        recorded = [name for name in names if not self._is_structural(name)]
        found = {name: tuples.key_of(row) for name, row in tuples.existing(self._using, recorded).items()}
        if self._edges is not None and structural:
            told = set(self._edges.of([name.object for name in structural]))
            found |= {name: name for name in structural if name in told}
        return found

    def _is_structural(self, key: TupleKey) -> bool:
        return self._edges is not None and (split_object(key.object)[0], key.relation) in self._edges.relations
