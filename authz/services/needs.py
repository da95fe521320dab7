"""What the service needs of whatever model is active, and whether a model has it.

Each package says for itself what it asks, writes and tells (``NEEDS`` in its ``permissions.py``); whoever activates a
model brings all of it along. A model that could not answer is refused, instead of failing at the first request.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from authz.clients.sql.structure import NO_STRUCTURE, Structure
from authz.dsl.model import AuthorizationModel
from authz.engine.typesystem import kind_of, type_of, typesystem_of
from authz.errors import InvalidTuple
from authz.services.editors import Permission
from authz.types import ANONYMOUS, ORGANIZATION, TupleKey


@dataclass(frozen=True, slots=True)
class Needs:
    """What one package needs. Relations are ``(type, relation)``.

    ``asked``: in questions. ``written`` are samples of the tuples that are stored, ``told`` of those that come with a
    question whether the model follows them or not. ``kept``: relations to the organization that somebody must have at
    any time. ``shared``: types on which rights come and go, and nobody looks at who is left to have what is ``kept``.
    ``structure`` tells what else stands in rows.
    """

    asked: frozenset[tuple[str, str]] = frozenset()
    written: tuple[TupleKey, ...] = ()
    told: tuple[TupleKey, ...] = ()
    kept: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    structure: Structure = NO_STRUCTURE

    def joined(self, other: Needs) -> Needs:
        """Return both as one; at most one of them has a structure."""
        return Needs(
            self.asked | other.asked,
            (*self.written, *other.written),
            (*self.told, *other.told),
            self.kept | other.kept,
            self.shared | other.shared,
            other.structure if self.structure is NO_STRUCTURE else self.structure,
        )

    def structural(self) -> frozenset[tuple[str, str]]:
        """Return the relations that stand in rows and are never stored: ``(type, relation)``."""
        return self.structure.edges() | {(type_of(key.object), key.relation) for key in self.told}


OWN_NEEDS = Needs(
    asked=frozenset((type_of(ORGANIZATION), permission.value) for permission in Permission),
    kept=frozenset({Permission.EDIT_MODEL.value}),
)
"""What authz itself needs."""


def unmet(model: AuthorizationModel, needs: Needs) -> list[str]:
    """Return a sentence for each need that the model does not meet, sorted.

    It begins with ``type#relation``, or with the name of a type that the model lacks.
    """
    return sorted({*_unknown_actors(model), *_unasked(model, needs), *_refused(model, needs), *_unkept(model, needs)})


def _unknown_actors(model: AuthorizationModel) -> Iterator[str]:
    for type_name in ("user", type_of(ANONYMOUS)):
        if type_name not in model.types:
            yield f"{type_name} is not a type, and it asks"


def _unasked(model: AuthorizationModel, needs: Needs) -> Iterator[str]:
    for type_name, relation in needs.asked:
        if model.relation(type_name, relation) is None:
            yield f"{type_name}#{relation} is not defined"


def _refused(model: AuthorizationModel, needs: Needs) -> Iterator[str]:
    types = typesystem_of(model)
    for verb, keys in (("written", needs.written), ("told", needs.told)):
        for key in keys:
            try:
                types.require_tuple(key)
            except InvalidTuple:
                yield f"{type_of(key.object)}#{key.relation} takes no {kind_of(key.user)}, and it is {verb}"


def _unkept(model: AuthorizationModel, needs: Needs) -> Iterator[str]:
    types = typesystem_of(model)
    for relation in needs.kept:
        node = f"{type_of(ORGANIZATION)}#{relation}"
        for shared in {each.partition("#")[0] for each in types.led_to(node)} & needs.shared:
            yield f"{node} rests on rights to a {shared}, which go without a look at who is left"
