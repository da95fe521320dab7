"""``check`` and ``batch_check``: has this user that relation to this object?

Only the questions and their users live here; how a relation is evaluated is ``authz.engine.network``.
"""

from __future__ import annotations

from collections.abc import Sequence

from authz.dsl.model import AuthorizationModel
from authz.engine.contextual import contextual_tuples
from authz.engine.network import Network, resolve
from authz.engine.reader import TupleReader, wildcard_of
from authz.engine.typesystem import Node, Typesystem, kind_of, typesystem_of
from authz.types import CheckRequest


class OneUser:
    """The universe of a check: one user, one bit."""

    full = 1

    def __init__(self, typesystem: Typesystem, user: str) -> None:
        self.user: str | None = user
        self._named = (user, wildcard_of(user))
        self._types = typesystem
        kind = kind_of(user)
        self._kinds = typesystem.matching_kinds(kind)
        self.nodes = typesystem.reaching(kind)

    def mask(self, subject: str) -> int:
        """See ``Universe``."""
        return 1 if subject in self._named else 0

    def self_mask(self, name: str) -> int:
        """See ``Universe``."""
        return 1 if name == self.user else 0

    def names(self, node: Node) -> bool:
        """See ``Universe``."""
        return not self._types.kinds[node].isdisjoint(self._kinds)


def check(model: AuthorizationModel, reader: TupleReader, request: CheckRequest) -> bool:
    """Answer one question; see ``batch_check`` for the errors."""
    return batch_check(model, reader, [request])[0]


def batch_check(model: AuthorizationModel, reader: TupleReader, requests: Sequence[CheckRequest]) -> list[bool]:
    """Answer all questions, in order, sharing what they have in common and reading once per level for all of them.

    Questions of one user with the very same ``contextual_tuples`` object share their evaluation.

    Raises InvalidRequest (UnknownType, UnknownRelation, InvalidTuple) for a question that does not fit the model, and
    ResolutionTooComplex beyond the limits. An error is an error for the whole batch, never a silent no for one of it.
    """
    typesystem = typesystem_of(model)
    networks: dict[tuple[str, int], Network] = {}
    gates = []
    for request in requests:
        typesystem.require_object(request.object, request.relation)
        # By identity: hashing hundreds of tuples per question would cost more than it could save.
        key = (request.user, id(request.contextual_tuples))
        network = networks.get(key)
        if network is None:
            typesystem.require_user(request.user)
            contextual = contextual_tuples(typesystem, request.contextual_tuples)
            network = networks[key] = Network(typesystem, OneUser(typesystem, request.user), contextual)
        gates.append(network.ask(request.object, request.relation))
    resolve(networks.values(), reader)
    return [gate.low == 1 for gate in gates]
