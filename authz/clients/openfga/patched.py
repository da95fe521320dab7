"""The tuples of the server with what is on its way to it: for our own engine, which answers while a deletion is.

OpenFGA can be told of additional tuples with a question, but not of missing ones. So while a deletion that may matter
cannot be delivered, and for questions with more context than OpenFGA takes, tuples are read from the server and
``authz.engine`` decides: slower, and as right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from authz.clients.openfga.calls import Deadline
from authz.clients.openfga.outbox import Delta
from authz.clients.openfga.remote import Remote
from authz.engine.reader import Found, ObjectQuery, SubjectQuery, wildcard_of
from authz.types import TupleKey

_MANY = 3
"""Relations of one object: from so many on, all its tuples are read at once."""


class PatchedTuples:
    """A ``TupleReader`` over the server's tuples and a delta."""

    def __init__(self, remote: Remote, delta: Delta, deadline: Deadline) -> None:
        self._remote = remote
        self._delta = delta
        self._deadline = deadline

    def subjects(self, queries: Sequence[SubjectQuery]) -> list[list[Found]]:
        """See ``TupleReader``."""
        asked = Counter(query.object for query in queries)
        filters = [
            {"object": query.object}
            if asked[query.object] >= _MANY
            else {"object": query.object, "relation": query.relation}
            for query in queries
        ]
        return [
            [
                Found(key.user, key.condition)
                for key in found
                if key.relation == query.relation and _matters(key.user, query.user)
            ]
            for query, found in zip(queries, self._read(filters, _names_object), strict=True)
        ]

    def objects(self, queries: Sequence[ObjectQuery]) -> list[list[Found]]:
        """See ``TupleReader``."""
        filters = [{"user": query.subject, "relation": query.relation, "object": f"{query.type}:"} for query in queries]
        return [[Found(key.object, key.condition) for key in found] for found in self._read(filters, _names_user)]

    def _read(
        self, filters: Sequence[dict[str, str]], fits: Callable[[dict[str, str], TupleKey], bool]
    ) -> list[list[TupleKey]]:
        distinct = list({tuple(filter.items()): filter for filter in filters}.values())
        found = dict(zip(map(str, distinct), self._remote.read_all(distinct, self._deadline), strict=True))
        return [
            patched(found[str(filter)], self._delta, [key for key in self._delta.writes if fits(filter, key)])
            for filter in filters
        ]


def patched(stored: Sequence[TupleKey], delta: Delta, added: Sequence[TupleKey]) -> list[TupleKey]:
    """Return stored tuples as the delta leaves them: without what is deleted or written anew, and with ``added``."""
    told = delta.told
    return [*(key for key in stored if key.bare not in told), *added]


def _names_object(filter: dict[str, str], key: TupleKey) -> bool:
    return key.object == filter["object"] and key.relation == filter.get("relation", key.relation)


def _names_user(filter: dict[str, str], key: TupleKey) -> bool:
    return key.user == filter["user"] and key.relation == filter["relation"] and key.object.startswith(filter["object"])


def _matters(subject: str, user: str | None) -> bool:
    return user is None or "#" in subject or subject in (user, wildcard_of(user))
