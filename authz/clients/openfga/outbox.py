"""Changes on their way to the server: entries of the log that are not delivered yet.

They are written in the caller's transaction, and count from then on: for that transaction at once, for everybody when
it commits. How they get to the server is ``authz.clients.openfga.delivery``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connections

from authz.clients import tuples
from authz.clients.sql.dialect import placeholders
from authz.engine.reader import wildcard_of
from authz.models import Delivery, TupleChange, TupleOperation
from authz.types import TupleKey

_TABLE = TupleChange._meta.db_table
_OVERTAKEN = (
    f"EXISTS (SELECT 1 FROM {_TABLE} n WHERE n.id > c.id AND n.delivery <> '{Delivery.REFUSED}'"  # noqa: S608
    " AND n.object_type = c.object_type AND n.object_id = c.object_id AND n.relation = c.relation"
    " AND n.subject = c.subject)"
)
_LOCKS = 0x46474F42
"""Marks our advisory locks on objects: "FGOB"."""


@dataclass(frozen=True, slots=True)
class Delta:
    """What the server does not know yet: for each tuple what happened last. Conditions do not travel so yet."""

    writes: tuple[TupleKey, ...] = ()
    deletes: frozenset[TupleKey] = frozenset()


@dataclass(frozen=True, slots=True)
class Entry:
    """One change to deliver."""

    id: int
    operation: str
    key: TupleKey


def append(using: str, writes: Sequence[TupleKey], deletes: Sequence[TupleKey], now: datetime) -> None:
    """Put changes on their way, deletes first, within the caller's transaction.

    Two transactions that change one object come one after the other, so that the order of the ids is that of their
    commits: of a grant and a revocation, the one that was acknowledged last must win.
    """
    connection = connections[using]
    if connection.vendor == "postgresql":
        objects = sorted({key.object for key in (*deletes, *writes)})
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(%s, lock) FROM (SELECT DISTINCT hashtext(value) AS lock"
                " FROM jsonb_array_elements_text(%s::jsonb) ORDER BY 1) locks",
                [_LOCKS, json.dumps(objects)],
            )
    for operation, keys in ((TupleOperation.DELETE, deletes), (TupleOperation.WRITE, writes)):
        if keys:
            tuples.log(using, operation, keys, now, Delivery.PENDING)


@dataclass(frozen=True, slots=True)
class Concern:
    """Whom a question is about: tuples that can matter to it name one of them, a userset, or the next object to ask.

    ``tuplesets`` are the relations that the model follows from object to object (``X from Y``).
    """

    users: frozenset[str]
    tuplesets: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        """The users and the wildcards that stand for them."""
        return self.users | {wildcard for user in self.users if (wildcard := wildcard_of(user)) is not None}

    def meets(self, key: TupleKey) -> bool:
        """Tell whether a tuple can matter."""
        return "#" in key.user or key.relation in self.tuplesets or key.user in self.names


def delta(using: str, concern: Concern | None = None) -> Delta:
    """Return what is on its way, of tuples that can matter for ``concern`` (None: of all). One statement.

    A write that the server refused has never counted; a delete that it refused counts until something newer was
    delivered, for what it takes away may still stand.
    """
    text = f"SELECT operation, subject, relation, object_type, object_id FROM {_TABLE} c WHERE delivery > ''"  # noqa: S608
    params: list[str] = []
    if concern is not None:
        names, tuplesets = sorted(concern.names), sorted(concern.tuplesets)
        text += f" AND (subject LIKE '%%#%%' OR subject IN ({placeholders(names)})"
        text += f" OR relation IN ({placeholders(tuplesets)}))" if tuplesets else ")"
        params += [*names, *tuplesets]
    text += f" AND NOT (delivery = '{Delivery.REFUSED}' AND (operation = '{TupleOperation.WRITE}' OR {_OVERTAKEN}))"
    text += " ORDER BY id"
    last: dict[TupleKey, str] = {}
    with connections[using].cursor() as cursor:
        cursor.execute(text, params)
        for operation, subject, relation, object_type, object_id in cursor.fetchall():
            last[TupleKey(subject, relation, f"{object_type}:{object_id}")] = operation
    return Delta(
        tuple(key for key, operation in last.items() if operation == TupleOperation.WRITE),
        frozenset(key for key, operation in last.items() if operation == TupleOperation.DELETE),
    )


def waiting(using: str, limit: int) -> list[Entry]:
    """Return the oldest entries that are to be delivered."""
    text = (
        f"SELECT id, operation, subject, relation, object_type, object_id FROM {_TABLE}"  # noqa: S608
        f" WHERE delivery > '' AND delivery = '{Delivery.PENDING}' ORDER BY id LIMIT %s"
    )
    with connections[using].cursor() as cursor:
        cursor.execute(text, [limit])
        return [
            Entry(entry_id, operation, TupleKey(subject, relation, f"{object_type}:{object_id}"))
            for entry_id, operation, subject, relation, object_type, object_id in cursor.fetchall()
        ]


def mark(using: str, ids: Sequence[int], delivery: Delivery) -> None:
    """Note that entries were delivered, or refused for good."""
    for start in range(0, len(ids), 500):
        TupleChange.objects.using(using).filter(id__in=ids[start : start + 500]).update(delivery=delivery)


def repeat(using: str, keys: Sequence[TupleKey]) -> None:
    """Put what happened last to each tuple on its way once more: somebody may have sent something older since."""
    for key in keys:
        object_type, _, object_id = key.object.partition(":")
        rows = TupleChange.objects.using(using).filter(
            object_type=object_type, object_id=object_id, relation=key.relation, subject=key.user
        )
        newest = rows.order_by("-id").values_list("id", flat=True)[:1]
        TupleChange.objects.using(using).filter(id__in=list(newest)).update(delivery=Delivery.PENDING)
