"""The tuples that stand on nodes, read and forgotten by the object they are on. Meaning belongs to ``sharing``.

Writing goes through ``authz.services.relationships``. Reading is of many objects at once, which that has no word for
yet; until it does, the rows of the embedded client are read here, and nowhere else in storage.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from authz.models import RelationshipTuple
from authz.services import relationships
from authz.types import TupleKey, split_object

_WRITE = 100
"""Tuples of one write: OpenFGA's limit."""
_READ = 500
"""Objects of one statement."""


def on(objects: Collection[str]) -> dict[str, list[TupleKey]]:
    """Return the tuples that stand on each object, such as ``"folder:<id>"``; objects without any are left out.

    One statement for each type and 500 objects.
    """
    ids_of: dict[str, list[str]] = {}
    for name in objects:
        object_type, object_id = split_object(name)
        ids_of.setdefault(object_type, []).append(object_id)
    found: dict[str, list[TupleKey]] = {}
    for object_type, ids in ids_of.items():
        for each in _read(object_type, ids):
            found.setdefault(each.object, []).append(each)
    return found


def forget(objects: Collection[str]) -> None:
    """Delete all tuples on the objects: they are about to be no more."""
    keys = [each for tuples in on(objects).values() for each in tuples]
    for start in range(0, len(keys), _WRITE):
        relationships.write(deletes=keys[start : start + _WRITE], on_missing="ignore")


def _read(object_type: str, ids: list[str]) -> Iterator[TupleKey]:
    for start in range(0, len(ids), _READ):
        rows = RelationshipTuple.objects.filter(object_type=object_type, object_id__in=ids[start : start + _READ])
        for object_id, relation, subject in rows.values_list("object_id", "relation", "subject"):
            yield TupleKey(subject, relation, f"{object_type}:{object_id}")
