"""The tuples that stand on nodes, read and forgotten by the object they are on. Meaning belongs to ``sharing``."""

from __future__ import annotations

from collections.abc import Collection

from authz.services import relationships, standing
from authz.types import TupleKey

_CHUNK = 100
"""Tuples of one write: OpenFGA's limit."""


def on(objects: Collection[str]) -> dict[str, list[TupleKey]]:
    """Return the tuples that stand on each object, such as ``"folder:<id>"``; objects without any are left out."""
    found: dict[str, list[TupleKey]] = {}
    for each in standing.on_objects(objects):
        found.setdefault(each.object, []).append(each)
    return found


def forget(objects: Collection[str]) -> None:
    """Delete all tuples on the objects: they are about to be no more."""
    keys = [each for tuples in on(objects).values() for each in tuples]
    for start in range(0, len(keys), _CHUNK):
        relationships.write(deletes=keys[start : start + _CHUNK], on_missing="ignore")
