"""The same questions to an OpenFGA server and to the embedded engine, drawn at random from what is there."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from django.utils import timezone

from authz.clients.base import InstallationClient
from authz.clients.embedded import EmbeddedClient
from authz.clients.openfga.client import OpenFGAClient
from authz.clients.openfga.contextual import MAX_CONTEXTUAL
from authz.clients.sql.edges import StructureEdges
from authz.clients.sql.structure import Structure
from authz.clients.tuples import DatabaseTuples
from authz.clients.wrappers.comparisons import Difference
from authz.clients.wrappers.replay import replay as replay_of
from authz.engine.typesystem import type_of
from authz.errors import AuthorizationUnavailable, AuthzError
from authz.models import RelationshipTuple
from authz.services import remote_engine
from authz.services.active_model import active_model
from authz.services.circumstances import circumstances
from authz.services.remote import structure_mirror
from authz.services.remote.reconciliation import drain
from authz.types import CheckRequest, TupleKey

__all__ = ["Difference", "Outcome", "compare", "replay"]

_USING = "default"
_TOGETHER = 50
_TRIES = 3
"""A change between the two answers makes them differ; then both are asked again."""
_STRANGER = "user:nobody-knows"

Verdict: TypeAlias = bool | str
"""An answer, or the code of the error that stands in its place."""
Pair: TypeAlias = tuple[Verdict, Verdict]
"""What the embedded engine says, and what the server says."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many questions were asked, how many of the answers that agree were yes, how many questions neither engine
    could decide (a condition lacks a value, say), and the first difference.
    """

    asked: int
    allowed: int
    undecided: int = 0
    difference: Difference | None = None

    @property
    def agreed(self) -> int:
        """The questions that both engines answered, and alike."""
        return self.asked - self.undecided - (self.difference is not None)


def compare(structure: Structure, sample: int, *, progress: Callable[[int], object] = lambda count: None) -> Outcome:
    """Ask ``sample`` questions about random people, relations and objects of both engines; end at the first difference.

    Both are told what every request of the service is told. Where the store has the tree, OpenFGA is asked without a
    word about it; else the tree goes along. Raises AuthorizationUnavailable.
    """
    drain()
    edges = StructureEdges(active_model(), structure, _USING)
    remote = OpenFGAClient(active_model(), remote_engine.remote(), clock=timezone.now, structure=structure)
    embedded = EmbeddedClient(active_model(), clock=timezone.now, structure=structure)
    mirrored = structure_mirror.is_on()
    asked = allowed = undecided = 0
    while asked < sample:
        ours = _questions(edges, min(_TOGETHER, sample - asked), circumstances(embedded))
        if not ours:
            break
        theirs = [replace(each, contextual_tuples=()) for each in ours] if mirrored else ours
        pairs = zip(_verdicts(embedded, ours), _verdicts(remote, theirs), strict=True)
        for pair, question, same in zip(pairs, ours, theirs, strict=True):
            asked += 1
            settled = pair if _agree(pair) else _asked_again(embedded, question, remote, same)
            if not _agree(settled):
                return Outcome(asked, allowed, undecided, _difference(question, settled))
            allowed += settled[0] is True
            undecided += isinstance(settled[0], str)
        progress(len(ours))
    return Outcome(asked, allowed, undecided)


def replay(difference: Difference) -> str:
    """Return a difference as a store file (YAML), for ``fga model test``. Raises ResolutionTooComplex."""
    return replay_of(difference, DatabaseTuples(_USING, contexts=True))


def _questions(edges: StructureEdges, count: int, told: Mapping[str, Any]) -> list[CheckRequest]:
    """Draw questions; the tree goes along, as far as OpenFGA takes it."""
    model = active_model()
    plain = RelationshipTuple.objects.using(_USING).filter(subject_relation="").exclude(subject__endswith=":*")
    actors = [*plain.order_by("?").values_list("subject", flat=True)[:count], _STRANGER]
    objects = [
        name
        for type_name, definition in model.types.items()
        if definition.relations
        for name in _objects(edges, type_name, max(1, count // 8))
    ]
    found: list[CheckRequest] = []
    for name in objects[: 4 * count]:
        structural = _structure(edges, name)
        relations = [
            relation
            for relation in model.types[type_of(name)].relations
            if (type_of(name), relation) not in edges.relations
        ]
        if len(structural) <= MAX_CONTEXTUAL:
            question = CheckRequest(secrets.choice(actors), secrets.choice(relations), name, structural, told)
            found.append(question)
    return found[:count]


def _objects(edges: StructureEdges, type_name: str, count: int) -> list[str]:
    rows = RelationshipTuple.objects.using(_USING).filter(object_type=type_name)
    granted = rows.order_by("?").values_list("object_id", flat=True)[:count]
    return [*edges.sample(type_name, count), *(f"{type_name}:{object_id}" for object_id in granted)]


def _structure(edges: StructureEdges, name: str) -> tuple[TupleKey, ...]:
    """Return the edges that lead away from an object, and from where they lead, and so on."""
    found: dict[TupleKey, None] = {}
    todo, seen = {name}, {name}
    while todo:
        here = edges.of(todo)
        found |= dict.fromkeys(here)
        todo = {key.user for key in here} - seen
        seen |= todo
    return tuple(found)


def _verdicts(client: InstallationClient, questions: Sequence[CheckRequest]) -> list[Verdict]:
    try:
        return list(client.batch_check(questions))
    except AuthorizationUnavailable:
        raise
    except AuthzError:
        return [_verdict(client, question) for question in questions]


def _verdict(client: InstallationClient, question: CheckRequest) -> Verdict:
    try:
        return client.check(question)
    except AuthorizationUnavailable:
        raise
    except AuthzError as error:
        return error.code


def _agree(pair: Pair) -> bool:
    """Tell whether both engines answered alike, or neither could answer."""
    ours, theirs = pair
    return ours == theirs or (isinstance(ours, str) and isinstance(theirs, str))


def _asked_again(
    embedded: InstallationClient, ours: CheckRequest, remote: InstallationClient, theirs: CheckRequest
) -> Pair:
    """Return what both say once nothing waits, as soon as they agree: a change in between makes no difference."""
    for _ in range(_TRIES):
        drain()
        pair = _verdict(embedded, ours), _verdict(remote, theirs)
        if _agree(pair):
            break
    return pair


def _difference(question: CheckRequest, pair: Pair) -> Difference:
    """Return what can be replayed: what our engine says, or the server where ours could not decide."""
    ours, theirs = pair
    return Difference("compare", question, (theirs if isinstance(ours, str) else ours) is True, active_model())
