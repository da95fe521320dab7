"""``list_users``: who has the relation to this object?

The network is evaluated once, with one bit for every user that turns up, so that ``and`` and ``but not`` are exact for
each of them. Bit 0 stands for anybody who is named nowhere: where it is set, ``type:*`` is part of the answer.
"""

from __future__ import annotations

from authz.dsl.model import AuthorizationModel
from authz.engine.contextual import contextual_tuples
from authz.engine.network import Network, resolve
from authz.engine.outline import outlines_of
from authz.engine.reader import TupleReader
from authz.engine.typesystem import Node, Typesystem, kind_of, typesystem_of
from authz.types import ListUsersRequest

ANYBODY = 1


class EveryUser:
    """The universe of all users of one kind: plain users and the wildcard of a type, or usersets."""

    full = -1
    user: str | None = None
    known: frozenset[Node] = frozenset()

    def __init__(self, typesystem: Typesystem, kind: str) -> None:
        self._kind = kind
        self._kinds = typesystem.matching_kinds(kind)
        self._plain = "#" not in kind
        self._places: dict[str, int] = {}
        self.outlines = outlines_of(typesystem, kind)

    def mask(self, subject: str) -> int:
        """See ``Universe``."""
        kind = kind_of(subject)
        if kind == self._kind:
            return self._bit(subject)
        return self.full if self._plain and kind in self._kinds else 0

    def learn(self) -> None:
        """See ``Universe``: nothing is known beforehand."""

    def self_mask(self, name: str) -> int:
        """See ``Universe``."""
        return self._bit(name) if kind_of(name) == self._kind else 0

    @property
    def width(self) -> int:
        """See ``Universe``; anybody is one of them."""
        return 1 + len(self._places)

    def _bit(self, name: str) -> int:
        # Not the bit is remembered but its place: the bits of many users are as long as there are users.
        return ANYBODY << self._places.setdefault(name, self.width)

    def members(self, mask: int) -> list[str]:
        """Return the users of a mask, sorted, with the wildcard of the type first where anybody is in it."""
        wildcard = [f"{self._kind}:*"] if self._plain and mask & ANYBODY else []
        octets = (mask & ((1 << self.width) - 1)).to_bytes(self.width // 8 + 1, "little")
        return wildcard + sorted(name for name, place in self._places.items() if octets[place // 8] >> place % 8 & 1)


def list_users(model: AuthorizationModel, reader: TupleReader, request: ListUsersRequest) -> list[str]:
    """Return everybody of the asked kind for whom ``check`` says yes; raises as ``batch_check`` does.

    With ``"user:*"`` in the answer everybody has the relation whom the model does not take out by ``but not``; users
    that tuples name and that have it too are listed beside it. Sorted; never cut short.
    """
    typesystem = typesystem_of(model)
    typesystem.require_object(request.object, request.relation)
    kind = request.user_type if request.user_relation is None else f"{request.user_type}#{request.user_relation}"
    typesystem.require_kind(request.user_type, request.user_relation)
    universe = EveryUser(typesystem, kind)
    contextual = contextual_tuples(typesystem, request.contextual_tuples)
    network = Network(typesystem, universe, typesystem.conditions.under(request.context), contextual)
    gate = network.ask(request.object, request.relation)
    resolve([network], reader)
    return universe.members(gate.low)
