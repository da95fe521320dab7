"""Changes on their way to the server: entries of the log that are not delivered yet.

They are written in the caller's transaction, and count from then on: for that transaction at once, for everybody when
it commits. How they get to the server is ``authz.clients.openfga.delivery``.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db import connections, transaction
from django.db.models import Max, QuerySet

from authz.clients import tuples
from authz.clients.sql.dialect import placeholders, row_source, rows_parameter
from authz.engine.reader import wildcard_of
from authz.engine.typesystem import Node, Typesystem, type_of
from authz.errors import AuthorizationUnavailable
from authz.models import Delivery, RemoteStore, TupleChange, TupleOperation
from authz.types import RelationshipCondition, TupleKey, split_object

_TABLE = TupleChange._meta.db_table
_COLUMNS = "operation, subject, relation, object_type, object_id, condition_name, condition_context"
_PENDING = f"delivery > '' AND delivery = '{Delivery.PENDING}'"
"""The first half is what the indexes of the few undelivered entries are made for."""
_LOCKS = 0x46474F42
"""Marks our advisory locks on objects: "FGOB"."""
_DETACHED = "detached"
_OBJECTS = 100
"""Objects with revocations that are looked at together."""


@dataclass(frozen=True)
class Delta:
    """What the server does not know yet, for each tuple as of its last change.

    ``writes`` carry their conditions. ``deletes`` are bare keys: what the server may still have and must not count. A
    tuple whose condition changes stands in both, for the old condition would count beside the new one.
    """

    writes: tuple[TupleKey, ...] = ()
    deletes: frozenset[TupleKey] = frozenset()

    @cached_property
    def told(self) -> frozenset[TupleKey]:
        """The bare keys of everything that is on its way, one way or the other."""
        return self.deletes | {key.bare for key in self.writes}

    def under(self, types: Typesystem) -> Delta:
        """Return it without the writes that a model does not allow: they count for nothing, and no question takes them.

        They were written under another model, and it was changed before they were delivered.
        """
        allowed = tuple(key for key in self.writes if types.allows(_node_of(key), key.user, key.condition))
        return Delta(allowed, self.deletes)

    def writes_beside(self, brought: Iterable[TupleKey]) -> list[TupleKey]:
        """Return what is to be written, without what a question says otherwise: its own tuples go first."""
        named = {key.bare for key in brought}
        return [key for key in self.writes if key.bare not in named]


@dataclass(frozen=True, slots=True)
class Entry:
    """One change to deliver; ``key`` carries the condition of a write."""

    id: int
    operation: str
    key: TupleKey


@dataclass(frozen=True, slots=True)
class Backlog:
    """How far behind the server is: entries under way, when the oldest was made, and what was refused for good."""

    pending: int
    refused: int
    oldest: datetime | None


def lock_objects(using: str, keys: Iterable[TupleKey]) -> None:
    """Let transactions that change one object come one after the other, so that the order of ids is that of commits.

    Of a grant and a revocation, the one that was acknowledged last must win. SQLite has one writer at a time anyway.
    """
    connection = connections[using]
    if connection.vendor == "postgresql":
        objects = sorted({key.object for key in keys})
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(%s, lock) FROM (SELECT DISTINCT hashtext(value) AS lock"
                " FROM jsonb_array_elements_text(%s::jsonb) ORDER BY 1) locks",
                [_LOCKS, json.dumps(objects)],
            )


def append(using: str, writes: Sequence[TupleKey], deletes: Sequence[TupleKey], now: datetime) -> None:
    """Put changes on their way, deletes first, within the caller's transaction."""
    lock_objects(using, (*deletes, *writes))
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


def _node_of(key: TupleKey) -> Node:
    return f"{type_of(key.object)}#{key.relation}"


def delta(using: str, store_id: str, concern: Concern | None = None) -> Delta:
    """Return what is on its way, of tuples that can matter for ``concern`` (None: of all). One statement.

    A write that the server refused has never counted; a delete that it refused counts until something newer was
    delivered, for what it takes away may still stand. Raises AuthorizationUnavailable when the store hears of changes
    no more: whoever still asks it would go on with what it had. So for one that was not told of everything yet.
    """
    text = f"SELECT {_COLUMNS}, id FROM {_TABLE} WHERE delivery > ''"  # noqa: S608
    params: list[str] = []
    if concern is not None:
        names, tuplesets = sorted(concern.names), sorted(concern.tuplesets)
        text += f" AND (subject LIKE '%%#%%' OR subject IN ({placeholders(names)})"
        text += f" OR relation IN ({placeholders(tuplesets)}))" if tuplesets else ")"
        params += [*names, *tuplesets]
    text += f" AND NOT (delivery = '{Delivery.REFUSED}' AND operation = '{TupleOperation.WRITE}')"
    text += f" UNION ALL SELECT '{_DETACHED}', '', '', '', '', '', NULL, 0 WHERE NOT EXISTS"
    text += f" (SELECT 1 FROM {RemoteStore._meta.db_table} WHERE store_id = %s AND is_whole) ORDER BY 8"  # noqa: S608
    writes: dict[TupleKey, TupleKey] = {}
    deletes: set[TupleKey] = set()
    with connections[using].cursor() as cursor:
        cursor.execute(text, [*params, store_id])
        for operation, *columns, _ in cursor.fetchall():
            if operation == _DETACHED:
                raise AuthorizationUnavailable("the OpenFGA store does not hear of changes any more, or not yet of all")
            key = _key(*columns)
            name = key.bare
            if operation == TupleOperation.DELETE:
                deletes.add(name)
                writes.pop(name, None)
            else:
                writes[name] = key
    unconditional = {name for name, key in writes.items() if key.condition is None}
    return Delta(tuple(writes.values()), frozenset(deletes - unconditional))


def waiting(using: str, store_id: str, limit: int) -> list[Entry]:
    """Return the entries to deliver next: of objects from which something is taken away, else the oldest.

    What belongs to one object stays in its order; a revocation waits for no grant on another one. For a store that
    another one has taken the place of there is nothing: who delivered there would keep it from the new one.
    """
    noted = f" AND EXISTS (SELECT 1 FROM {RemoteStore._meta.db_table} WHERE store_id = %s)"  # noqa: S608
    objects = f"SELECT object_type, object_id FROM {_TABLE} WHERE delivery > '' AND operation = 'delete'"  # noqa: S608
    objects += f" AND delivery = '{Delivery.PENDING}' ORDER BY id LIMIT {_OBJECTS}"
    with connections[using].cursor() as cursor:
        cursor.execute(objects)
        first = list(dict.fromkeys(cursor.fetchall()))
        if first:
            source = row_source(connections[using].vendor, ["object_type", "object_id"])
            text = (
                f"SELECT c.id, {', '.join(f'c.{name}' for name in _COLUMNS.split(', '))} FROM ({source}) q"  # noqa: S608
                f" JOIN {_TABLE} c ON c.object_type = q.object_type AND c.object_id = q.object_id"
                f" WHERE c.delivery > '' AND c.delivery = '{Delivery.PENDING}'{noted} ORDER BY c.id LIMIT %s"
            )
            cursor.execute(text, [rows_parameter([list(each) for each in first]), store_id, limit])
        else:
            text = f"SELECT id, {_COLUMNS} FROM {_TABLE} WHERE {_PENDING}{noted} ORDER BY id LIMIT %s"  # noqa: S608
            cursor.execute(text, [store_id, limit])
        found = [(entry_id, operation, _key(*columns)) for entry_id, operation, *columns in cursor.fetchall()]
    return [
        Entry(entry_id, operation, key if operation == TupleOperation.WRITE else key.bare)
        for entry_id, operation, key in found
    ]


def last_waiting(using: str) -> int:
    """Return the id of the last entry that is to be delivered; 0 when there is none."""
    return _pending(using).aggregate(last=Max("id"))["last"] or 0


def waiting_through(using: str, last: int) -> int:
    """Return how many entries up to the id ``last`` are to be delivered."""
    return _pending(using).filter(id__lte=last).count()


def is_waiting(using: str) -> bool:
    """Return whether anything is to be delivered."""
    return _pending(using).exists()


def mark(using: str, ids: Sequence[int], delivery: Delivery) -> None:
    """Note that entries were delivered, or refused for good. What was delivered settles older refusals of its tuple."""
    for start in range(0, len(ids), 500):
        chunk = list(ids[start : start + 500])
        TupleChange.objects.using(using).filter(id__in=chunk).update(delivery=delivery)
        if delivery != Delivery.DONE:
            continue
        settled = (
            f"UPDATE {_TABLE} SET delivery = '' WHERE delivery > '' AND delivery = '{Delivery.REFUSED}' AND EXISTS"  # noqa: S608
            f" (SELECT 1 FROM {_TABLE} n WHERE n.id IN ({placeholders(chunk)}) AND n.id > {_TABLE}.id"
            f" AND n.object_type = {_TABLE}.object_type AND n.object_id = {_TABLE}.object_id"
            f" AND n.relation = {_TABLE}.relation AND n.subject = {_TABLE}.subject)"
        )
        with connections[using].cursor() as cursor:
            cursor.execute(settled, chunk)


def repeat(using: str, keys: Collection[TupleKey]) -> None:
    """Put what happened last to each tuple on its way once more: somebody may have sent something older since."""
    with transaction.atomic(using=using):
        lock_objects(using, keys)
        for key in keys:
            object_type, object_id = split_object(key.object)
            rows = TupleChange.objects.using(using).filter(
                object_type=object_type, object_id=object_id, relation=key.relation, subject=key.user
            )
            newest = rows.order_by("-id").values_list("id", flat=True)[:1]
            TupleChange.objects.using(using).filter(id__in=list(newest)).update(delivery=Delivery.PENDING)


def pending_among(using: str, keys: Collection[TupleKey]) -> frozenset[TupleKey]:
    """Return those of the bare ``keys`` of which something is still to be delivered. One statement."""
    rows = [[*split_object(key.object), key.relation, key.user] for key in keys]
    source = row_source(connections[using].vendor, ["object_type", "object_id", "relation", "subject"])
    text = (
        f"SELECT DISTINCT c.subject, c.relation, c.object_type, c.object_id FROM ({source}) q JOIN {_TABLE} c"  # noqa: S608
        " ON c.object_type = q.object_type AND c.object_id = q.object_id AND c.relation = q.relation"
        f" AND c.subject = q.subject WHERE c.delivery > '' AND c.delivery = '{Delivery.PENDING}'"
    )
    with connections[using].cursor() as cursor:
        cursor.execute(text, [rows_parameter(rows)])
        return frozenset(map(_named, cursor.fetchall()))


def ever_named(using: str, keys: Collection[TupleKey]) -> frozenset[TupleKey]:
    """Return those of the bare ``keys`` that our log has ever named. One statement; it may read much of the log."""
    rows = [[*split_object(key.object), key.relation, key.user] for key in keys]
    source = row_source(connections[using].vendor, ["object_type", "object_id", "relation", "subject"])
    text = (
        f"SELECT q.subject, q.relation, q.object_type, q.object_id FROM ({source}) q WHERE EXISTS"  # noqa: S608
        f" (SELECT 1 FROM {_TABLE} c WHERE c.object_type = q.object_type AND c.object_id = q.object_id"
        " AND c.relation = q.relation AND c.subject = q.subject)"
    )
    with connections[using].cursor() as cursor:
        cursor.execute(text, [rows_parameter(rows)])
        return frozenset(map(_named, cursor.fetchall()))


def backlog(using: str) -> Backlog:
    """Return how far behind the server is. One statement, over the few entries that are not delivered."""
    text = (
        f"SELECT count(*), min(CASE WHEN delivery = '{Delivery.PENDING}' THEN id END),"  # noqa: S608
        f" sum(CASE WHEN delivery = '{Delivery.REFUSED}' THEN 1 ELSE 0 END) FROM {_TABLE} WHERE delivery > ''"
    )
    with connections[using].cursor() as cursor:
        cursor.execute(text)
        count, oldest, refused = cursor.fetchone()
    made = TupleChange.objects.using(using).filter(id=oldest).values_list("created_at", flat=True).first()
    return Backlog(count - (refused or 0), refused or 0, made if oldest is not None else None)


def _pending(using: str) -> QuerySet[TupleChange]:
    return TupleChange.objects.using(using).filter(delivery__gt="", delivery=Delivery.PENDING)


def _named(columns: tuple[str, str, str, str]) -> TupleKey:
    subject, relation, object_type, object_id = columns
    return TupleKey(subject, relation, f"{object_type}:{object_id}")


def _key(subject: str, relation: str, object_type: str, object_id: str, condition: str, context: str) -> TupleKey:
    carried = RelationshipCondition(condition, json.loads(context)) if condition else None
    return TupleKey(subject, relation, f"{object_type}:{object_id}", carried)
