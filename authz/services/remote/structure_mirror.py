"""The edges of the tree in an OpenFGA store, for other services that ask it: told by the same outbox as grants are.

Off unless FILEGRAPH_OPENFGA_MIRROR_STRUCTURE says otherwise; then Filegraph itself goes on telling the tree with each
question, and rests on nothing that is mirrored. What the store ought to have is always read from the rows
(``authz.clients.sql.edges``); ``reconciliation`` compares and mends both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone

from authz.clients.openfga import outbox
from authz.clients.sql.edges import StructureEdges
from authz.clients.sql.structure import JoinEdge, Structure
from authz.conf import authz_settings
from authz.services import remote_engine
from authz.services.active_model import active_model
from authz.types import TupleKey, split_object

_USING = "default"


def is_on() -> bool:
    """Return whether the store has the tree too, of which it hears as it does of grants: also while it stands by."""
    return authz_settings().openfga_mirror_structure and remote_engine.is_told()


def placed(structure: Structure, objects: Collection[str]) -> None:
    """Tell of new objects, within the transaction that makes their rows and after it has made them."""
    if is_on() and objects:
        _tell(_edges(structure).of(objects), ())


@contextmanager
def moving(structure: Structure, name: str, below: Callable[[], Iterable[Collection[str]]]) -> Iterator[None]:
    """Around the statements that move an object: tell what changes for it and for all ``below`` it, some at a time.

    What lies below keeps the edges to where it lies and changes those to everything above, as the object does.
    """
    if not is_on():
        yield
        return
    edges = _edges(structure)
    before = set(edges.of([name]))
    yield
    after = set(edges.of([name]))
    _tell(list(after - before), list(before - after))
    inherited = {key.relation for key in before | after if _is_inherited(structure, key)}
    left = [key for key in before - after if key.relation in inherited]
    entered = [key for key in after - before if key.relation in inherited]
    for objects in below() if left or entered else ():
        _tell(_moved(entered, objects), _moved(left, objects))


def _moved(keys: Iterable[TupleKey], objects: Iterable[str]) -> list[TupleKey]:
    return [TupleKey(key.user, key.relation, name) for name in objects for key in keys]


def _is_inherited(structure: Structure, key: TupleKey) -> bool:
    """Tell whether what lies below has the same edge: one along the closure of the tree."""
    rows = structure.rows[split_object(key.object)[0]]
    return any(isinstance(edge, JoinEdge) for edge in rows.leading(key.relation))


def _edges(structure: Structure) -> StructureEdges:
    return StructureEdges(active_model(), structure, _USING)


def _tell(writes: Collection[TupleKey], deletes: Collection[TupleKey]) -> None:
    if writes or deletes:
        outbox.append(_USING, list(writes), list(deletes), timezone.now())
        transaction.on_commit(remote_engine.deliver, using=_USING, robust=True)
