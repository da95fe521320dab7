"""``check`` and ``batch_check``: has this user that relation to this object?

Only the questions and their users live here; how a relation is evaluated is ``authz.engine.network``.
"""

from __future__ import annotations

from collections.abc import Sequence

from authz.dsl.model import AuthorizationModel
from authz.engine.contextual import contextual_tuples
from authz.engine.network import Network, resolve
from authz.engine.outline import outlines_of
from authz.engine.reader import Memberships, TupleReader, wildcard_of
from authz.engine.typesystem import Typesystem, kind_of, type_of, typesystem_of
from authz.types import CheckRequest


class OneUser:
    """The universe of a check: one user, one bit. With ``memberships`` it knows the user's groups at one read."""

    full = width = 1

    def __init__(self, typesystem: Typesystem, user: str, memberships: Memberships | None = None) -> None:
        self.user: str | None = user
        self._named = frozenset({user, wildcard_of(user) or user})
        self._memberships = memberships
        self.outlines = outlines_of(typesystem, kind_of(user))
        self.known = memberships.nodes if memberships is not None else frozenset()

    def mask(self, subject: str) -> int:
        """See ``Universe``."""
        return 1 if subject in self._named else 0

    def learn(self) -> None:
        """See ``Universe``."""
        if self._memberships is not None and self.user is not None:
            self._named |= self._memberships.of(self.user)
            self._memberships = None

    def self_mask(self, name: str) -> int:
        """See ``Universe``."""
        return 1 if name == self.user else 0


def check(
    model: AuthorizationModel, reader: TupleReader, request: CheckRequest, memberships: Memberships | None = None
) -> bool:
    """Answer one question; see ``batch_check`` for the errors."""
    return batch_check(model, reader, [request], memberships)[0]


def batch_check(
    model: AuthorizationModel,
    reader: TupleReader,
    requests: Sequence[CheckRequest],
    memberships: Memberships | None = None,
) -> list[bool]:
    """Answer all questions, in order, sharing what they have in common and reading once per level for all of them.

    Questions of one user with the very same ``contextual_tuples`` and ``context`` objects share their evaluation.
    ``memberships`` is a short cut over the same tuples as ``reader``.

    Raises InvalidRequest (UnknownType, UnknownRelation, InvalidTuple) for a question that does not fit the model,
    ConditionFailed where an answer hangs on a condition that cannot be decided, and ResolutionTooComplex beyond the
    limits. An error is an error for the whole batch, never a silent no for one of it.
    """
    typesystem = typesystem_of(model)
    networks: dict[tuple[str, int, int], Network] = {}
    gates = []
    shared = _Shared(memberships) if memberships is not None else None
    for request in requests:
        typesystem.require_object(request.object, request.relation)
        # By identity: hashing hundreds of tuples per question would cost more than it could save.
        key = (request.user, id(request.contextual_tuples), id(request.context) if request.context else 0)
        network = networks.get(key)
        if network is None:
            typesystem.require_user(request.user)
            contextual = contextual_tuples(typesystem, request.contextual_tuples)
            universe = OneUser(typesystem, request.user, shared if _untouched(shared, request) else None)
            circumstances = typesystem.conditions.under(request.context)
            network = networks[key] = Network(typesystem, universe, circumstances, contextual)
        gates.append(network.ask(request.object, request.relation))
    resolve(networks.values(), reader)
    return [gate.low == 1 for gate in gates]


class _Shared:
    """Memberships, read once per user in one batch."""

    def __init__(self, memberships: Memberships) -> None:
        self.nodes = memberships.nodes
        self.relations = memberships.relations
        self._memberships = memberships
        self._found: dict[str, frozenset[str]] = {}

    def of(self, user: str) -> frozenset[str]:
        found = self._found.get(user)
        if found is None:
            found = self._found[user] = self._memberships.of(user)
        return found


def _untouched(memberships: Memberships | None, request: CheckRequest) -> bool:
    """Tell whether no contextual tuple speaks of a membership."""
    if memberships is None:
        return False
    relations = memberships.relations
    return not any(f"{type_of(key.object)}#{key.relation}" in relations for key in request.contextual_tuples)
