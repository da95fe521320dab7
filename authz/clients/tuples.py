"""Reading and writing the tuple table. Model rules are judged by the client; here stand the statements."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any, TypeAlias

from django.db import connections
from django.db.models import Case, Exists, Q, Value, When

from authz.clients.horizon import announce
from authz.clients.sql.dialect import Sql, row_source, rows_of, rows_parameter
from authz.clients.sql.subjects import TUPLES
from authz.engine.reader import Found, ObjectQuery, SubjectQuery, wildcard_of
from authz.models import Delivery, RelationshipTuple, RemoteStore, TupleChange, TupleOperation
from authz.types import RelationshipCondition, TupleKey, split_object

_KEY = ("place", "object_type", "object_id", "relation")
_NAMED = (" AND t.subject = q.subject", (*_KEY, "subject"))
_USERSETS = (" AND t.subject_relation > ''", _KEY)
_ALL = ("", _KEY)
"""The arms of ``subjects``: their condition, and the columns of the rows that ask."""

_WHERE_ATTACHED = Case(
    When(Exists(RemoteStore.objects.all()), then=Value(Delivery.PENDING.value)), default=Value(Delivery.DONE.value)
)
"""Told by the statement that adds the entries: without a server it costs no statement of its own."""

_Row: TypeAlias = tuple[str, ...]


_NAME = "t.condition_name"
_NAME_AND_CONTEXT = f"{_NAME}, CASE WHEN {_NAME} <> '' THEN t.condition_context END"
"""What is read of a tuple's condition. Its context is in no index: a row without one need not be looked up for it."""


class DatabaseTuples:
    """A ``TupleReader`` over the tuple table of the database ``using``: one statement for any number of queries.

    ``contexts``: whether the model has conditions, so that what is stored with them is needed.
    """

    def __init__(self, using: str, *, contexts: bool) -> None:
        self._using = using
        self._condition = _NAME_AND_CONTEXT if contexts else _NAME

    def subjects(self, queries: Sequence[SubjectQuery]) -> list[list[Found]]:
        """See ``TupleReader``."""
        named: list[_Row] = []
        usersets: list[_Row] = []
        everybody: list[_Row] = []
        for place, (name, relation, user) in enumerate(queries):
            key = (str(place), *split_object(name), relation)
            if user is None:
                everybody.append(key)
                continue
            usersets.append(key)
            wildcard = wildcard_of(user)
            if wildcard is not None:
                named.append((*key, user))
                if wildcard != user:
                    named.append((*key, wildcard))
        vendor = connections[self._using].vendor
        arms = [
            (condition, rows_of(vendor, columns, rows))
            for (condition, columns), rows in ((_NAMED, named), (_USERSETS, usersets), (_ALL, everybody))
            if rows
        ]
        text = _subjects_sql(self._condition, tuple((condition, source.text) for condition, source in arms))
        return self._read(Sql(text, tuple(chain.from_iterable(source.params for _, source in arms))), len(queries))

    def objects(self, queries: Sequence[ObjectQuery]) -> list[list[Found]]:
        """See ``TupleReader``."""
        rows: list[list[str | int]] = [
            [place, query.subject, query.type, query.relation] for place, query in enumerate(queries)
        ]
        source = row_source(connections[self._using].vendor, ["place", "subject", "object_type", "relation"])
        text = (
            f"SELECT q.place, t.object_type || ':' || t.object_id, {self._condition} FROM ({source}) q"  # noqa: S608
            f" CROSS JOIN {TUPLES} t WHERE t.subject = q.subject AND t.object_type = q.object_type"
            " AND t.relation = q.relation"
        )
        return self._read(Sql(text, (rows_parameter(rows),)), len(queries))

    def _read(self, sql: Sql, count: int) -> list[list[Found]]:
        found: list[list[Found]] = [[] for _ in range(count)]
        if not count:
            return found
        with connections[self._using].cursor() as cursor:
            cursor.execute(sql.text, sql.params)
            for row in cursor.fetchall():
                found[int(row[0])].append(Found(row[1], carried(*row[2:]) if row[2] else None))
        return found


@lru_cache(maxsize=256)
def _subjects_sql(carried: str, arms: tuple[tuple[str, str], ...]) -> str:
    return " UNION ALL ".join(
        f"SELECT q.place, t.subject, {carried} FROM ({source}) q CROSS JOIN {TUPLES} t"  # noqa: S608
        f" WHERE t.object_type = q.object_type AND t.object_id = q.object_id AND t.relation = q.relation{condition}"
        for condition, source in arms
    )


def stored_on(using: str, objects: Sequence[str], relation: str | None) -> list[list[TupleKey]]:
    """Return what is stored on each of the objects, oldest first, of one relation or of all. One statement."""
    found: list[list[TupleKey]] = [[] for _ in objects]
    if not objects:
        return found
    rows: list[list[str | int]] = [[place, *split_object(name)] for place, name in enumerate(objects)]
    source = row_source(connections[using].vendor, ["place", "object_type", "object_id"])
    text = (
        f"SELECT q.place, t.subject, t.relation, t.condition_name, t.condition_context"  # noqa: S608
        f" FROM ({source}) q CROSS JOIN {TUPLES} t"
        " WHERE t.object_type = q.object_type AND t.object_id = q.object_id"
        + (" AND t.relation = %s" if relation is not None else "")
        + " ORDER BY t.id"
    )
    with connections[using].cursor() as cursor:
        cursor.execute(text, [rows_parameter(rows), *([] if relation is None else [relation])])
        for place, subject, named, condition, context in cursor.fetchall():
            held = carried(condition, context) if condition else None
            found[int(place)].append(TupleKey(subject, named, objects[int(place)], held))
    return found


def carried(name: str, context: str | None = None) -> RelationshipCondition:
    """Return the condition of a row: its name, and its context if it was read, as the database gives it, as text."""
    return RelationshipCondition(name, json.loads(context) if context else {})


def key_of(row: RelationshipTuple | TupleChange) -> TupleKey:
    """Return what a row says, its condition included."""
    condition = RelationshipCondition(row.condition_name, row.condition_context) if row.condition_name else None
    return TupleKey(row.subject, row.relation, f"{row.object_type}:{row.object_id}", condition)


def says(row: RelationshipTuple, key: TupleKey) -> bool:
    """Tell whether a row with the user, relation and object of ``key`` carries its very condition."""
    condition = key.condition or RelationshipCondition("")
    # As JSON: to Python a true is a one.
    written, stored = (
        json.dumps(dict(context), sort_keys=True) for context in (condition.context, row.condition_context)
    )
    return row.condition_name == condition.name and written == stored


def existing(using: str, keys: Sequence[TupleKey]) -> dict[TupleKey, RelationshipTuple]:
    """Return the rows of those ``keys`` (at most a few hundred) that are stored, under whatever condition.

    Conditions play no part in the key: one user can stand once only in a relation of an object.
    """
    if not keys:
        return {}
    wanted = Q()
    for key in keys:
        object_type, object_id = split_object(key.object)
        wanted |= Q(object_type=object_type, object_id=object_id, relation=key.relation, subject=key.user)
    rows = RelationshipTuple.objects.using(using).filter(wanted)
    return {TupleKey(row.subject, row.relation, f"{row.object_type}:{row.object_id}"): row for row in rows}


def insert(using: str, keys: Iterable[TupleKey], now: datetime) -> None:
    """Insert tuples that are not there; raises IntegrityError if one is."""
    RelationshipTuple.objects.using(using).bulk_create(
        RelationshipTuple(**_columns(key), subject_relation=key.user.partition("#")[2], created_at=now) for key in keys
    )


def log(
    using: str,
    operation: TupleOperation,
    keys: Iterable[TupleKey],
    now: datetime,
    delivery: Delivery | None = None,
) -> None:
    """Add entries to the change log, within a transaction; ``delivery`` PENDING for a remote engine to hear of.

    None: a remote engine hears of them if there is one, whichever engine answers here.
    """
    announce(using)
    TupleChange.objects.using(using).bulk_create(
        TupleChange(**_columns(key), operation=operation, created_at=now, delivery=delivery or _WHERE_ATTACHED)
        for key in keys
    )


def _columns(key: TupleKey) -> dict[str, Any]:
    object_type, object_id = split_object(key.object)
    condition = key.condition or RelationshipCondition("")
    return {
        "object_type": object_type,
        "object_id": object_id,
        "relation": key.relation,
        "subject": key.user,
        "condition_name": condition.name,
        "condition_context": dict(condition.context),
    }
