"""How the algorithms read tuples: many questions in one call, so that a round of the evaluation is one statement.

Belongs here: the Protocol and its values. Where tuples come from does not: ``memory``, ``contextual`` and
``authz.clients`` implement it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from authz.types import RelationshipCondition


class SubjectQuery(NamedTuple):
    """Whose subjects: those of ``object``'s ``relation``.

    With ``user`` only what can matter for that user is wanted: the user, the wildcard of its type, and every userset.
    Without it, every subject.
    """

    object: str
    relation: str
    user: str | None = None


class ObjectQuery(NamedTuple):
    """Which objects of ``type``: those whose ``relation`` names exactly ``subject``."""

    type: str
    relation: str
    subject: str


class Found(NamedTuple):
    """A subject or an object that a tuple names, and the condition the tuple carries."""

    name: str
    condition: RelationshipCondition | None = None


class TupleReader(Protocol):
    """Tuples as they are stored; the algorithms ignore those that the model does not allow."""

    def subjects(self, queries: Sequence[SubjectQuery]) -> Sequence[Sequence[Found]]:
        """Answer each query, in order. Raises AuthorizationUnavailable when the tuples cannot be read."""
        ...

    def objects(self, queries: Sequence[ObjectQuery]) -> Sequence[Sequence[Found]]:
        """Answer each query, in order. Raises AuthorizationUnavailable when the tuples cannot be read."""
        ...


class Memberships(Protocol):
    """A short cut past group within group: all usersets that a user is in, in one read.

    ``nodes`` are the ``type#relation`` it knows about, completely and with every cycle decided. ``relations`` are those
    whose tuples it reads: a question with contextual tuples of one of them cannot take the short cut.
    """

    nodes: frozenset[str]
    relations: frozenset[str]

    def of(self, user: str) -> frozenset[str]:
        """Return every userset of ``nodes`` (``group:g#member``) that ``user`` is in, itself included."""
        ...


def wildcard_of(user: str) -> str | None:
    """Return ``"type:*"`` for a plain user, None for a userset: a wildcard never stands for usersets."""
    return None if "#" in user else f"{user.partition(':')[0]}:*"
