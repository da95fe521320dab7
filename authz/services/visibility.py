"""Lists and pages: permissions as a predicate for many rows, and as flags for the rows of a page.

Both answer exactly as a whole check does; what opens bytes or changes state still asks ``authz.services.decisions``.
One exception: storage's links straight to a store rest on ``flags``, because a whole check for each of a page's links
could take an OpenFGA server seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence

from authz.clients.base import InstallationClient
from authz.clients.sql.dialect import Sql
from authz.clients.sql.predicate import VisibilitySql
from authz.clients.sql.structure import (
    NO_STRUCTURE,
    ColumnEdge,
    ConstantEdge,
    Edge,
    JoinEdge,
    Rows,
    Structure,
)
from authz.engine.evaluation import Evaluation
from authz.engine.followed import Followed, Told
from authz.engine.typesystem import type_of, typesystem_of
from authz.errors import ConditionFailed, UnplannableRelation
from authz.services.circumstances import circumstances
from authz.services.client import configured_client, moment
from authz.types import Actor, Asker, CheckRequest, TupleKey

__all__ = [
    "NO_STRUCTURE",
    "ColumnEdge",
    "ConstantEdge",
    "Edge",
    "JoinEdge",
    "Rows",
    "Sql",
    "Structure",
    "Told",
    "VisibilitySql",
    "flags",
    "followed",
    "moment",
    "predicate",
]

EdgeMap = Mapping[tuple[str, str], Sequence[str]]
"""``(object, tupleset)`` to the objects it leads to; an edge that is missing leads nowhere."""


def predicate(
    actor: Actor, relation: str, type_name: str, alias: str, structure: Structure, usersets: Sequence[str] = ()
) -> VisibilitySql:
    """Return the SQL that is true for the rows of ``type_name``, under ``alias``, to which ``actor`` has ``relation``.

    The statement is ``WITH RECURSIVE {ctes} SELECT ... WHERE {where}``. Predicates of one actor share one ``ctes``.
    ``usersets`` (``"share_link:l1#bearer"``) are memberships for this question. A relation that cannot be split into
    grants and structure is listed by the engine: slower, and as complete. Raises ResolutionTooComplex.
    """
    client = configured_client(structure)
    return client.predicate(Asker(actor, tuple(usersets), circumstances(client)), relation, type_name, alias)


def followed(asked: frozenset[tuple[str, str]] | None, structure: Structure) -> Followed:
    """Return which edges of ``structure`` questions about ``(type, relation)`` follow, so that they can be told.

    None: any questions, as far as the active model knows the edges.
    """
    return configured_client(structure).followed(asked)


def flags(
    actor: Actor,
    questions: Mapping[str, Collection[str]],
    edges: EdgeMap,
    structure: Structure,
    *,
    usersets: Sequence[str] = (),
) -> dict[str, frozenset[str]]:
    """Return, for each object of ``questions``, which of its relations ``actor`` has: one question for a whole page.

    ``edges`` has the structure of those objects and of what it leads to (a file's drive and that drive's organization).
    """
    client = configured_client(structure)
    asker = Asker(actor, tuple(usersets), circumstances(client))
    asked = frozenset((type_of(name), relation) for name, relations in questions.items() for relation in relations)
    try:
        plans = client.page_plans(asked)
    except UnplannableRelation:
        return _checked(client, asker, questions, edges)
    names = {*questions, *(target for targets in edges.values() for target in targets)}
    wanted = {(name, relation) for name in names for relation in plans.grants.get(type_of(name), ())}
    try:
        granted = client.granted(asker, wanted)
    except ConditionFailed:
        return _checked(client, asker, questions, edges)
    evaluation = Evaluation(granted, edges)
    # The files of one folder differ in few grants of their own: what is alike is worked out once.
    verdicts: dict[Hashable, frozenset[str]] = {}
    answers = {}
    for name, relations in questions.items():
        type_name = type_of(name)
        key = (evaluation.situation(name, plans.tuplesets.get(type_name, ())), frozenset(relations))
        if key not in verdicts:
            verdicts[key] = frozenset(
                relation for relation in relations if evaluation.satisfies(name, plans.plans[type_name, relation])
            )
        answers[name] = verdicts[key]
    return answers


def _checked(
    client: InstallationClient, asker: Asker, questions: Mapping[str, Collection[str]], edges: EdgeMap
) -> dict[str, frozenset[str]]:
    """Ask the engine instead: for relations that cannot be split. Slower, and as right."""
    contextual = (*_structural(client, edges), *asker.memberships)
    pairs = [(relation, name) for name, relations in questions.items() for relation in relations]
    verdicts = client.batch_check(
        [CheckRequest(asker.actor, relation, name, contextual, asker.context) for relation, name in pairs]
    )
    allowed = {pair for pair, verdict in zip(pairs, verdicts, strict=True) if verdict}
    return {
        name: frozenset(relation for relation in relations if (relation, name) in allowed)
        for name, relations in questions.items()
    }


def _structural(client: InstallationClient, edges: EdgeMap) -> list[TupleKey]:
    """Return the facts of the rows in the form in which a whole check takes them, as far as the model knows them."""
    allows = typesystem_of(client.model).allows
    return [
        TupleKey(target, tupleset, name)
        for (name, tupleset), targets in edges.items()
        for target in targets
        if allows(f"{type_of(name)}#{tupleset}", target)
    ]
