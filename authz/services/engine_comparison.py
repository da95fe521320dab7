"""The same questions to an OpenFGA server and to the embedded engine, drawn at random from what is there."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import yaml
from django.utils import timezone

from authz.clients import tuples
from authz.clients.base import AuthzClient
from authz.clients.embedded import EmbeddedClient
from authz.clients.openfga import wire
from authz.clients.openfga.client import OpenFGAClient
from authz.clients.openfga.context import MAX_CONTEXTUAL
from authz.clients.sql.edges import StructureEdges
from authz.clients.sql.structure import Structure
from authz.conf import authz_settings
from authz.dsl import to_text
from authz.engine.typesystem import type_of
from authz.errors import AuthorizationUnavailable, AuthzError
from authz.models import RelationshipTuple
from authz.services import remote_engine
from authz.services.models import active_model
from authz.services.reconciliation import drain
from authz.types import CheckRequest, TupleKey

_USING = "default"
_TOGETHER = 50
_TRIES = 3
"""A change between the two answers makes them differ; then both are asked again."""
_STRANGER = "user:nobody-knows"
_MAX_REPLAYED = 5000
Verdict = bool | str
"""An answer, or the code of the error that stands in its place."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many questions were asked, how many answers were yes, and the first difference as a store file (YAML)."""

    asked: int
    allowed: int
    replay: str | None = None


def compare(structure: Structure, sample: int, *, progress: Callable[[int], object] = lambda count: None) -> Outcome:
    """Ask ``sample`` questions about random people, relations and objects of both engines; end at the first difference.

    Where the store has the tree, OpenFGA is asked without a word about it; else the tree goes along, as it does for
    every request. Raises AuthorizationUnavailable.
    """
    drain()
    edges = StructureEdges(active_model(), structure, _USING)
    remote = OpenFGAClient(active_model(), remote_engine.remote(), clock=timezone.now, structure=structure)
    embedded = EmbeddedClient(active_model(), clock=timezone.now, structure=structure)
    asked = allowed = 0
    while asked < sample:
        ours = _questions(edges, min(_TOGETHER, sample - asked))
        if not ours:
            break
        mirrored = authz_settings().openfga_mirror_structure
        theirs = [CheckRequest(each.user, each.relation, each.object) for each in ours] if mirrored else ours
        verdicts = _verdicts(embedded, ours)
        for place in _differing(verdicts, _verdicts(remote, theirs)):
            if _still_differs(embedded, ours[place], remote, theirs[place]):
                return Outcome(asked + place + 1, allowed, _replay(edges, ours[place], verdicts[place]))
        asked += len(ours)
        allowed += sum(verdict is True for verdict in verdicts)
        progress(len(ours))
    return Outcome(asked, allowed)


def _questions(edges: StructureEdges, count: int) -> list[CheckRequest]:
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
            question = CheckRequest(secrets.choice(actors), secrets.choice(relations), name, structural)
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


def _verdicts(client: AuthzClient, questions: Sequence[CheckRequest]) -> list[Verdict]:
    try:
        return list(client.batch_check(questions))
    except AuthorizationUnavailable:
        raise
    except AuthzError:
        return [_verdict(client, question) for question in questions]


def _verdict(client: AuthzClient, question: CheckRequest) -> Verdict:
    try:
        return client.check(question)
    except AuthorizationUnavailable:
        raise
    except AuthzError as error:
        return error.code


def _differing(ours: Sequence[Verdict], theirs: Sequence[Verdict]) -> Iterable[int]:
    return [place for place, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0] != pair[1]]


def _still_differs(embedded: AuthzClient, ours: CheckRequest, remote: AuthzClient, theirs: CheckRequest) -> bool:
    for _ in range(_TRIES):
        drain()
        if _verdict(embedded, ours) == _verdict(remote, theirs):
            return False
    return True


def _replay(edges: StructureEdges, question: CheckRequest, verdict: Verdict) -> str:
    """Return model, tuples and what the embedded engine says, as a store file."""
    reached = _reached(edges, question)
    check = {"user": question.user, "object": question.object, "assertions": {question.relation: verdict is True}}
    store = {
        "name": f"{question.user} {question.relation} {question.object}: the embedded engine says {verdict}",
        "model": to_text(active_model()),
        "tuples": [wire.tuple_json(key) for key in reached],
        "tests": [{"name": "difference", "check": [check]}],
    }
    return yaml.safe_dump(store, sort_keys=False)


def _reached(edges: StructureEdges, question: CheckRequest) -> list[TupleKey]:
    """Return every tuple that the question can lead to."""
    found: dict[TupleKey, None] = {}
    todo = seen = {question.object}
    while todo and len(found) < _MAX_REPLAYED:
        stored = [key for keys in tuples.standing(_USING, sorted(todo), None) for key in keys]
        here = [*stored, *edges.of(todo)]
        found |= dict.fromkeys(here)
        todo = {key.user.partition("#")[0] for key in here} - seen
        seen = seen | todo
    return list(found)
