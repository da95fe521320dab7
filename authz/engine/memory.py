"""Tuples in memory: for contextual tuples, for tests, and for evaluating a model without a database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from authz.engine.reader import Found, ObjectQuery, SubjectQuery, wildcard_of
from authz.types import RelationshipCondition, TupleKey


class MemoryTuples:
    """A set of tuples, indexed both ways. The later of two equal keys wins."""

    def __init__(self, tuples: Iterable[TupleKey] = ()) -> None:
        self._forward: dict[tuple[str, str], dict[str, RelationshipCondition | None]] = {}
        self._reverse: dict[tuple[str, str, str], dict[str, RelationshipCondition | None]] = {}
        for key in tuples:
            self.add(key)

    def add(self, key: TupleKey) -> None:
        """Add a tuple or replace the one with the same user, relation and object."""
        object_type = key.object.partition(":")[0]
        self._forward.setdefault((key.object, key.relation), {})[key.user] = key.condition
        self._reverse.setdefault((object_type, key.relation, key.user), {})[key.object] = key.condition

    def discard(self, key: TupleKey) -> None:
        """Remove a tuple, if it is there."""
        object_type = key.object.partition(":")[0]
        self._forward.get((key.object, key.relation), {}).pop(key.user, None)
        self._reverse.get((object_type, key.relation, key.user), {}).pop(key.object, None)

    def __iter__(self) -> Iterator[TupleKey]:
        for (object_name, relation), subjects in self._forward.items():
            for user, condition in subjects.items():
                yield TupleKey(user, relation, object_name, condition)

    def __len__(self) -> int:
        return sum(map(len, self._forward.values()))

    def subjects(self, queries: Sequence[SubjectQuery]) -> list[list[Found]]:
        """See ``TupleReader``."""
        return [self.named_by(query) for query in queries]

    def named_by(self, query: SubjectQuery) -> list[Found]:
        """Answer one query."""
        stored = self._forward.get((query.object, query.relation))
        if not stored:
            return []
        if query.user is None:
            return [Found(subject, condition) for subject, condition in stored.items()]
        named = (query.user, wildcard_of(query.user))
        return [
            Found(subject, condition) for subject, condition in stored.items() if subject in named or "#" in subject
        ]

    def objects(self, queries: Sequence[ObjectQuery]) -> list[list[Found]]:
        """See ``TupleReader``."""
        return [
            [Found(name, condition) for name, condition in self._reverse.get(query, {}).items()] for query in queries
        ]
