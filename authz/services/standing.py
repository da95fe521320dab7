"""The tuples that stand on many objects at once: for pages of shares, and for what is deleted in bulk."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from django.db import connection

from authz.clients.sql.dialect import row_source, rows_parameter
from authz.clients.sql.subjects import TUPLES
from authz.types import TupleKey, split_object

_CHUNK = 2000
"""Objects of one statement."""


def on_objects(objects: Collection[str]) -> Iterator[TupleKey]:
    """Yield every stored tuple on the objects (``"folder:<id>"``), one statement for 2,000 of them."""
    rows = [split_object(name) for name in objects]
    source = row_source(connection.vendor, ["object_type", "object_id"])
    sql = (
        f"SELECT t.object_type || ':' || t.object_id, t.relation, t.subject FROM ({source}) q CROSS JOIN {TUPLES} t"  # noqa: S608
        " WHERE t.object_type = q.object_type AND t.object_id = q.object_id"
    )
    for start in range(0, len(rows), _CHUNK):
        with connection.cursor() as cursor:
            cursor.execute(sql, [rows_parameter(rows[start : start + _CHUNK])])
            found = cursor.fetchall()
        for name, relation, subject in found:
            yield TupleKey(subject, relation, name)
