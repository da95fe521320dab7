"""Stored tuples together with those that a request brings along."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from authz.engine.memory import MemoryTuples
from authz.engine.reader import Found, ObjectQuery, SubjectQuery, TupleReader
from authz.engine.typesystem import Typesystem
from authz.errors import InvalidTuple
from authz.types import TupleKey


class ContextualReader:
    """The union of ``base`` and ``contextual``. A contextual tuple shadows the stored one with the same key."""

    def __init__(self, base: TupleReader, contextual: MemoryTuples) -> None:
        self._base = base
        self._contextual = contextual

    def subjects(self, queries: Sequence[SubjectQuery]) -> list[list[Found]]:
        """See ``TupleReader``."""
        return list(map(merged, self._contextual.subjects(queries), self._base.subjects(queries)))

    def objects(self, queries: Sequence[ObjectQuery]) -> list[list[Found]]:
        """See ``TupleReader``."""
        return list(map(merged, self._contextual.objects(queries), self._base.objects(queries)))


def merged(first: Sequence[Found], second: Sequence[Found]) -> list[Found]:
    """Return both lists as one, the first winning where both name the same."""
    if not first or not second:
        return list(first or second)
    names = {found.name for found in first}
    return [*first, *(found for found in second if found.name not in names)]


def require_contextual(typesystem: Typesystem, keys: Sequence[TupleKey]) -> None:
    """Raise InvalidTuple for a tuple that could not be written, and for one that is brought under two conditions."""
    for key in keys:
        typesystem.require_tuple(key)
    # Which of the two counts would be left to whoever reads them: OpenFGA takes the first here and the last there.
    if any(key.condition is not None for key in keys) and len({key.bare for key in keys}) < len(set(keys)):
        raise InvalidTuple("a contextual tuple is brought twice, under different conditions")


def contextual_tuples(typesystem: Typesystem, keys: Iterable[TupleKey]) -> MemoryTuples:
    """Return the tuples of a request, validated as if they were written; raises InvalidTuple."""
    brought = tuple(keys)
    require_contextual(typesystem, brought)
    return MemoryTuples(brought)


def with_contextual(typesystem: Typesystem, reader: TupleReader, keys: Iterable[TupleKey]) -> TupleReader:
    """Return a reader over the stored tuples and ``keys``; raises InvalidTuple."""
    tuples = contextual_tuples(typesystem, keys)
    return ContextualReader(reader, tuples) if len(tuples) else reader
